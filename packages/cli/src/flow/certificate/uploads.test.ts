import type { Certificate } from "@dps-certs/ca-tools";
import { beforeAll, describe, expect, it } from "vitest";
import { groupOn, groupReferringTo, uploadOf } from "../../testing/held.ts";
import { certificatesOf, issued, selfSigned } from "../../testing/issuing.ts";
import { planUpload } from "./upload.ts";
import { isNotAllowed, needOf, standingOf } from "./uploads.ts";

let root: Certificate;
let ca: Certificate;
let other: Certificate;
let namesake: Certificate;

beforeAll(async () => {
  const top = await selfSigned("Root");
  const below = await issued("CA", top);
  [root, ca, other, namesake] = certificatesOf(
    top,
    below,
    await selfSigned("Other"),
    await selfSigned("Root"),
  ) as [Certificate, Certificate, Certificate, Certificate];
});

describe("a look at the certificates", () => {
  it.each([
    ["credential", true],
    ["forbidden", true],
    // The service itself: who has a role for enrollments alone is not shown it.
    ["not-found", true],
    ["network", false],
  ])("that failed with %s was not allowed: %s", (code, is) => {
    expect(isNotAllowed({ code })).toBe(is);
  });
});

describe("how the service stands to a CA", () => {
  it("is told by what is uploaded of it and of the CAs above it", () => {
    expect(standingOf([ca, root], [uploadOf("r", root)])).toMatchObject({ is: "verified" });
    expect(standingOf([ca, root], [uploadOf("c", ca, false), uploadOf("r", root)])).toMatchObject({
      is: "verified",
      by: { name: "r" },
    });
    expect(standingOf([ca, root], [uploadOf("r", root, false)])).toMatchObject({
      is: "unverified",
      by: { name: "r" },
    });
    expect(standingOf([ca, root], [uploadOf("o", other)])).toEqual({ is: "unknown" });
  });

  it("is told by a name only where the issuer's own certificate is not here", () => {
    expect(standingOf([ca], [uploadOf("r", namesake)])).toMatchObject({ is: "named" });
    expect(standingOf([ca], [uploadOf("r", namesake, false)])).toEqual({ is: "unknown" });
    expect(standingOf([ca, root], [uploadOf("r", namesake)])).toEqual({ is: "unknown" });
  });
});

describe("why a group needs a certificate", () => {
  const nothing = { chains: [], kept: [] };

  it("is that it refers to it, or that its CA is it or below it", () => {
    expect(needOf(groupReferringTo("g", "R"), uploadOf("r", other), nothing)).toBe("refers to it");
    expect(needOf(groupOn("g", ca), uploadOf("c", ca), nothing)).toBe("chains to it");
    expect(needOf(groupOn("g", other, ca), uploadOf("c", ca), nothing)).toBe("chains to it");
    expect(needOf(groupOn("g", ca), uploadOf("r", root), nothing)).toBe("chains to it");
    expect(needOf(groupOn("g", ca), uploadOf("o", other), nothing)).toBeUndefined();
  });

  it("is no matter of names where the chain is known", () => {
    const stranger = uploadOf("r", namesake);
    const known = { chains: [[ca, root]], kept: [] };
    expect(needOf(groupOn("g", ca), stranger, nothing)).toBe("chains to it");
    expect(needOf(groupOn("g", ca), stranger, known)).toBeUndefined();
    expect(needOf(groupOn("g", ca), uploadOf("r", root), known)).toBe("chains to it");
  });

  it.each(["Fabrikäm, Inc", 'a "b" + c', "x=y\\z"])(
    "knows a name with what is special: %s",
    async (name) => {
      const top = await selfSigned(name);
      const [above, below] = certificatesOf(top, await issued("CA", top)) as [
        Certificate,
        Certificate,
      ];
      const stored = uploadOf("r", above);
      expect(needOf(groupOn("g", below), stored, nothing)).toBe("chains to it");
      expect(standingOf([below], [stored])).toMatchObject({ is: "named" });
      const group = groupOn("g", below);
      const info = group.attestation.x509?.signingCertificates?.primary?.info as {
        issuerName: string;
      };
      // As .NET writes it.
      info.issuerName = `O=x, CN="${name.replaceAll('"', '""')}"`;
      expect(needOf(group, stored, nothing)).toBe("chains to it");
    },
  );

  it("is none where it lets no device in, or another does so as well", () => {
    const group = groupOn("g", ca);
    const chains = [[ca, root]];
    const stored = uploadOf("r", root);
    expect(needOf(group, uploadOf("r", root, false), nothing)).toBeUndefined();
    expect(needOf(group, stored, { chains: [], kept: [uploadOf("twin", root)] })).toBeUndefined();
    expect(needOf(group, stored, { chains, kept: [uploadOf("c", ca)] })).toBeUndefined();
    expect(needOf(group, stored, { chains, kept: [uploadOf("c", ca, false)] })).toBe(
      "chains to it",
    );
    expect(needOf(groupOn("g", ca, other), stored, { chains, kept: [uploadOf("o", other)] })).toBe(
      "chains to it",
    );
    expect(needOf(groupReferringTo("g", "r"), stored, { chains, kept: [stored] })).toBe(
      "refers to it",
    );
  });
});

describe("an upload", () => {
  const asked = { name: undefined, verified: false, replace: false };
  const name = "Root";

  it("is new, or done already under whatever name", () => {
    const named = { ...asked, name };
    expect(planUpload([], root, asked)).toEqual({ is: "new" });
    expect(planUpload([uploadOf("x", root)], root, asked)).toMatchObject({ is: "already" });
    expect(planUpload([uploadOf("ROOT", root)], root, named)).toMatchObject({ is: "already" });
    expect(planUpload([uploadOf("x", root)], root, named)).toEqual({ is: "new" });
  });

  it("is made once more to have it verified, and never to undo that", () => {
    const verified = { ...asked, name, verified: true };
    expect(planUpload([uploadOf(name, root, false)], root, verified)).toMatchObject({
      is: "change",
      etag: `etag of ${name}`,
    });
    expect(planUpload([uploadOf(name, root)], root, verified)).toMatchObject({ is: "already" });
    expect(planUpload([uploadOf(name, root)], root, { ...asked, name })).toMatchObject({
      is: "already",
    });
  });

  it("takes the place of another certificate only where that is said", () => {
    const held = [uploadOf(name, other)];
    expect(() => planUpload(held, root, { ...asked, name })).toThrow(
      expect.objectContaining({ code: "drift", hint: expect.stringContaining("--replace") }),
    );
    expect(planUpload(held, root, { ...asked, name, replace: true })).toMatchObject({
      is: "change",
    });
  });
});
