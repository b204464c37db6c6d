/** The template's certificates against those that the library makes of the same key, serial number and dates. */
import { createPublicKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fc, it as property } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import { inDays, issue, NOW, rootCa } from "../testing/authority.ts";
import { areAccepted, openssl, verifyStrict } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { isSignedBy, signedParts } from "../x509/encoded.ts";
import { type Issuer, issueCertificate } from "../x509/issue.ts";
import { exportPrivateKeyPem, generateKeyPair, parsePrivateKey } from "../x509/keys.ts";
import { compileFleetIssuer } from "./compile.ts";
import type { FleetDevice, FleetIssuer, FleetIssuerOptions, FleetRequest } from "./types.ts";

interface Pair {
  device: FleetDevice;
  /** The same by the library. */
  expected: Certificate;
}

/** Issues by both routes; the template's answers at once. */
async function both(
  { issue }: FleetIssuer,
  { issuer, profile = "device" }: FleetIssuerOptions,
  request: FleetRequest,
): Promise<Pair> {
  const device = issue(request) as FleetDevice;
  const expected = await issueCertificate({
    profile,
    subject: { commonName: request.commonName },
    publicKey: createPublicKey(device.privateKey),
    issuer,
    notBefore: device.notBefore,
    notAfter: device.notAfter,
    serialNumber: hex(request.serialNumber ?? new Uint8Array()) || device.serialNumber,
  });
  return { device, expected };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function expectSame({ device, expected }: Pair, issuer: Issuer): void {
  const [made, wanted] = [signedParts(device.der), signedParts(expected.der)];
  for (const part of ["signed", "algorithm"] as const)
    expect(hex(made[part])).toBe(hex(wanted[part]));
  const key = issuer.certificate.x509.publicKey;
  expect([made, wanted].map((signed) => isSignedBy(signed, key))).toEqual([true, true]);
  expect(device.serialNumber).toBe(expected.serialNumber);
}

/** A name of so many bytes, up to the 256 that 64 characters can have. */
function nameOf(bytes: number): string {
  if (bytes <= 64) return "x".repeat(bytes);
  const more = bytes - 64;
  const [wide, rest] = [Math.floor(more / 3), more % 3];
  const odd = ["x", "é", "€"][rest] ?? "";
  return "🌡".repeat(wide) + (wide < 64 ? odd + "x".repeat(63 - wide) : "");
}

const between = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

const serial = (digits: string) => Uint8Array.from(Buffer.from(digits, "hex"));
const SERIALS = between(16, 20).flatMap((length) =>
  ["01", "7f", "80", "ff"].map((first) => first + "5a".repeat(length - 1)),
);

describe("with one issuer", () => {
  let root: Issuer;
  let hall: Issuer;
  let options: FleetIssuerOptions;
  let fleet: FleetIssuer;
  const made: FleetDevice[] = [];

  const check = async (request: FleetRequest, changes: Partial<FleetIssuerOptions> = {}) => {
    const changed = { ...options, ...changes };
    const issuer = Object.keys(changes).length > 0 ? await compileFleetIssuer(changed) : fleet;
    const pair = await both(issuer, changed, request);
    expectSame(pair, changed.issuer);
    return pair;
  };

  beforeAll(async () => {
    const notAfter = inDays(20 * 366);
    root = await rootCa("Factory Root CA", { notAfter });
    hall = await issue("Hall 7", root, { notAfter });
    options = { issuer: hall, now: NOW };
    fleet = await compileFleetIssuer(options);
  });

  it.each([
    "x",
    "x".repeat(63),
    "x".repeat(64),
    "é".repeat(64),
    "温度計-7",
    "🌡".repeat(64),
    "A\u030A is not \u00C5",
    'a,b+c="d"\\#<e>;',
    " at both ends ",
  ])("is the same for the common name %j", async (commonName) => {
    const { device, expected } = await check({ commonName });
    expect(device.commonName).toBe(commonName);
    expect(expected.commonName).toBe(commonName);
    made.push(device);
  });

  // Each of the four elements around a name crosses the bounds of X.690 §8.1.3 at another length.
  it("is the same for names around the lengths whose digits change", async () => {
    for (const bytes of [...between(116, 128), ...between(241, 256)]) {
      const commonName = nameOf(bytes);
      expect(Buffer.byteLength(commonName)).toBe(bytes);
      await check({ commonName });
    }
  });

  it("is the same for serial numbers of 16 to 20 bytes, with and without the first bit", async () => {
    for (const digits of SERIALS) {
      const { device } = await check({ commonName: "dev-1", serialNumber: serial(digits) });
      expect(device.serialNumber).toBe(digits.toUpperCase());
      made.push(device);
    }
  });

  it.each(["01", "7f", "80", "0001", "000080", "00".repeat(4) + "ff".repeat(16)])(
    "is the same for the short serial number %s",
    async (digits) => {
      const { device } = await check({ commonName: "dev-1", serialNumber: serial(digits) });
      expect(device.serialNumber).toBe(digits.replace(/^(00)+/, "").toUpperCase());
    },
  );

  it.each([
    ["the last second of UTCTime", "2049-12-31T23:59:59Z"],
    ["the first of GeneralizedTime", "2050-01-01T00:00:00Z"],
  ])("is the same where it ends in %s", async (_, end) => {
    const notAfter = new Date(end);
    const days = (notAfter.getTime() - NOW.getTime()) / 86_400_000;
    const { device, expected } = await check({ commonName: "dev-1", days });
    expect([device.notAfter, expected.notAfter]).toEqual([notAfter, notAfter]);
    made.push(device);
  });

  it("is the same where both dates are beyond 2049", async () => {
    const now = new Date("2050-01-10T00:00:00Z");
    const issuer = await rootCa("Factory", { notAfter: new Date("2060-01-01T00:00:00Z") });
    const { expected } = await check({ commonName: "dev-1" }, { issuer, now });
    expect(expected.notBefore.getUTCFullYear()).toBe(2050);
  });

  it.each(["device", "edgeIdentity", "scriptDevice"] as const)(
    "is the same for the profile %s",
    async (profile) => {
      await check({ commonName: "dev-1" }, { profile });
    },
  );

  it("says the same of a device as reading its certificate does", async () => {
    const { device } = await check({ commonName: "dev-1" });
    const read = parseCertificate(device.certificate);
    expect(device.certificate).toBe(read.pem);
    expect(Buffer.from(device.der).equals(read.der)).toBe(true);
    const { sha1, sha256, serialNumber, notBefore, notAfter } = read;
    expect(device).toMatchObject({ sha1, sha256, serialNumber, notBefore, notAfter });
    const key = parsePrivateKey(device.privateKey);
    expect(device.privateKey).toBe(exportPrivateKeyPem(key));
    expect(read.x509.checkPrivateKey(key)).toBe(true);
  });

  property.prop(
    [
      fc
        .string({ unit: "binary", minLength: 1, maxLength: 64 })
        .filter((text) => !/\p{Cc}/u.test(text)),
      fc.uint8Array({ minLength: 1, maxLength: 20 }).filter((bytes) => bytes.some(Boolean)),
      fc.integer({ min: 1, max: 20 * 365 }),
    ],
    { numRuns: 25 },
  )("is the same whatever name, serial number and days", async (commonName, serialNumber, days) => {
    made.push((await check({ commonName, serialNumber, days })).device);
  });

  it("makes what openssl verifies", () => {
    const chain = [hall.certificate, root.certificate];
    const paths = made.map(({ certificate }) => [{ pem: certificate }, ...chain]);
    expect(areAccepted(scratch(), paths, { at: NOW, purpose: "sslclient" })).not.toContain(false);
  });
});

describe("with an issuer", () => {
  const check = async (issuer: Issuer, now = NOW) => {
    const options = { issuer, now };
    const pair = await both(await compileFleetIssuer(options), options, { commonName: "dev-1" });
    expectSame(pair, issuer);
    return pair;
  };

  it.each(["PrintableString", "UTF8String"])(
    "that openssl named in a %s, it is the same",
    async (type) => {
      const issuer = issuerByOpenssl(["CN = Factory Root CA", "O = Contoso"], type);
      const tags = { PrintableString: 0x13, UTF8String: 0x0c };
      const tag = tags[type as keyof typeof tags];
      expect(
        Buffer.from(issuer.certificate.der).includes(
          Buffer.from([tag, 15, ...Buffer.from("Factory Root CA")]),
        ),
      ).toBe(true);
      const { device } = await check(issuer, issuer.certificate.notBefore);
      const path = [{ pem: device.certificate }, issuer.certificate];
      expect(verifyStrict(scratch(), path, { at: issuer.certificate.notBefore })).toMatchObject({
        status: 0,
      });
    },
  );

  it("whose name is longer than 255 bytes, it is the same", async () => {
    const units = between(0, 9).map((n) => `${n}.OU = ${"x".repeat(50)}${n}`);
    const issuer = issuerByOpenssl(["CN = Factory", ...units], "UTF8String");
    await check(issuer, issuer.certificate.notBefore);
  });

  it("with a name around the lengths whose digits change, it is the same", async () => {
    for (const bytes of [1, 116, 117, 122, 241, 250, 256]) {
      await check(await rootCa(nameOf(bytes)));
    }
  });

  it("that has a P-384 key, it is the same and signed with SHA-384", async () => {
    const { expected } = await check(
      await rootCa("Factory", { keys: await generateKeyPair("ec-p384") }),
    );
    expect(expected.signatureAlgorithm).toBe("ecdsa-with-SHA384");
  });

  it("that has an RSA key, it is the same to the last byte", async () => {
    const root = await rootCa("Factory", { keys: await generateKeyPair("rsa-2048") });
    const { device, expected } = await check(root);
    expect(device.certificate).toBe(expected.pem);
  });
});

/** @param type - of all strings in its name */
function issuerByOpenssl(subject: readonly string[], type: string): Issuer {
  const folder = scratch();
  const mask = type === "UTF8String" ? "utf8only" : "MASK:0x2";
  const lines = [
    "[req]",
    "prompt=no",
    `string_mask=${mask}`,
    "distinguished_name=name",
    "x509_extensions=ca",
  ];
  const extensions = [
    "[ca]",
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign",
    "subjectKeyIdentifier=hash",
    "authorityKeyIdentifier=keyid",
  ];
  writeFileSync(
    join(folder, "ca.cnf"),
    [...lines, "[name]", ...subject, ...extensions, ""].join("\n"),
  );
  const key = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "key.pem",
  ];
  openssl(["req", "-x509", "-config", "ca.cnf", ...key, "-out", "ca.pem"], folder);
  const [certificate, privateKey] = ["ca.pem", "key.pem"].map((file) =>
    readFileSync(join(folder, file), "utf8"),
  );
  return {
    certificate: parseCertificate(certificate ?? ""),
    privateKey: parsePrivateKey(privateKey ?? ""),
  };
}
