import { generateKeyPair, issueCertificate } from "@dps-certs/ca-tools";
import { certificateNameProblem, deviceIdProblem } from "@dps-certs/dps-protocol";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { CliError } from "../errors.ts";
import { certificateNameFor, deviceIds, rootCommonName, subjectFor } from "./names.ts";

const groupId = fc.stringMatching(/^[A-Za-z0-9._:-]{0,127}[A-Za-z0-9-]$/);

async function root(commonName: string) {
  const keys = await generateKeyPair();
  return await issueCertificate({
    profile: "root",
    subject: { commonName },
    publicKey: keys.publicKey,
    issuer: { selfSigned: keys.privateKey },
    notBefore: new Date(0),
    notAfter: new Date(1e12),
  });
}

describe("the name of a CA in the service", () => {
  it("is made of its subject", async () => {
    expect(certificateNameFor(await root("thermostats Root CA"))).toBe("thermostats-root");
    expect(certificateNameFor(await root("b Intermediate CA"))).toBe("b-intermediate");
    expect(certificateNameFor(await root("b Intermediate 3 CA"))).toBe("b-intermediate-3");
  });

  test.prop([groupId], { numRuns: 30 })(
    "keeps to the service's rule for every group",
    async (id) => {
      const certificate = await root(rootCommonName(subjectFor(id)));
      expect(certificateNameProblem(certificateNameFor(certificate))).toBeUndefined();
    },
  );

  it.each(["-m Root CA", "\u202e Root CA", "株式会社"])(
    "begins as no option does, and holds nothing that steers a terminal: %j",
    async (commonName) => {
      const name = certificateNameFor(await root(commonName));
      expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*-[0-9a-f]{6}$/);
      expect(certificateNameProblem(name)).toBeUndefined();
    },
  );

  it("tells CAs apart that differ in what a name cannot hold", async () => {
    const [a, b] = [await root("a:b Root CA"), await root("a/b Root CA")];
    expect(certificateNameFor(a)).not.toBe(certificateNameFor(b));
  });
});

describe("the ids of a group's devices", () => {
  it("keep their names when there are more", () => {
    expect(deviceIds("t", 2)).toEqual(["t-001", "t-002"]);
    expect(deviceIds("t", 1000).slice(0, 2)).toEqual(["t-001", "t-002"]);
    expect(deviceIds("t", 1000).at(-1)).toBe("t-1000");
  });

  it("are registration ids", () => {
    for (const id of deviceIds("x".repeat(60), 9)) expect(deviceIdProblem(id)).toBeUndefined();
  });

  it("are refused where the longest is too long", () => {
    expect(() => deviceIds("x".repeat(60), 1000)).toThrow(CliError);
  });
});
