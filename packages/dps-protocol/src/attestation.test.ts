import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { AttestationBody, AttestationMechanism } from "./attestation.ts";
import { symmetricKeyProblem, tpmKeyProblem } from "./attestation-rules.ts";
import { parseWire, WireError } from "./schema.ts";
import { pathOf } from "./testing/path-of.ts";

const info = {
  subjectName: "CN=d",
  sha1Thumbprint: "00",
  sha256Thumbprint: "00",
  issuerName: "CN=d",
  notBeforeUtc: "2023-05-19T23:10:35Z",
  notAfterUtc: "2024-05-19T23:10:35Z",
  serialNumber: "01",
  version: 3,
};
const pair = { primary: { certificate: null, info }, secondary: null };

describe("an attestation", () => {
  it.each([
    { type: "none" },
    { type: "symmetricKey" },
    { type: "symmetricKey", symmetricKey: { primaryKey: null, secondaryKey: "x" } },
    { type: "tpm", tpm: { endorsementKey: "x", storageRootKey: null } },
    { type: "x509", x509: { clientCertificates: pair }, tpm: null, symmetricKey: null },
    { type: "x509", x509: { signingCertificates: pair, caReferences: null } },
    { type: "x509", x509: { caReferences: { primary: "root", secondary: null } } },
    { type: "x509", x509: { somethingNew: 1 }, somethingNewer: {} },
  ])("may be %j, and stays as it is", (attestation) => {
    expect(parseWire(AttestationMechanism, attestation, "x")).toEqual(attestation);
  });

  it.each([
    [{}, "type"],
    [{ type: "tpm", tpm: {} }, "tpm.endorsementKey"],
    [{ type: "symmetricKey", symmetricKey: { primaryKey: 7 } }, "symmetricKey.primaryKey"],
    [{ type: "x509", x509: { caReferences: "root" } }, "x509.caReferences"],
    [
      { type: "x509", x509: { clientCertificates: { primary: { certificate: {} } } } },
      "x509.clientCertificates.primary.certificate",
    ],
  ])("%j is refused at %s", (attestation, path) => {
    expect(pathOf(AttestationMechanism, attestation)).toBe(path);
  });

  test.prop([fc.string({ minLength: 12 })])("is never quoted when a key is wrong", (key) => {
    const wrong = { type: "symmetricKey", symmetricKey: { primaryKey: [key] } };
    try {
      parseWire(AttestationMechanism, wrong, "an attestation");
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(WireError);
      expect((error as WireError).message).toBe(
        'not an attestation: "symmetricKey.primaryKey" must be string',
      );
    }
  });
});

describe("the type of an attestation", () => {
  it("may be a new one in an answer, and not in what a service takes", () => {
    expect(parseWire(AttestationMechanism, { type: "passkey" }, "x")).toEqual({ type: "passkey" });
    expect(pathOf(AttestationBody, { type: "passkey" })).toBe("type");
  });
});

describe("a symmetric key", () => {
  it("has 16 to 64 bytes", () => {
    const sizes = Array.from({ length: 80 }, (_, size) => size);
    const isKey = (size: number) => symmetricKeyProblem(Buffer.alloc(size, 7).toString("base64"));
    const taken = sizes.filter((size) => isKey(size) === undefined);
    expect(taken).toEqual(sizes.filter((size) => size >= 16 && size <= 64));
  });

  test.prop([fc.string()])("is what Node writes as base64, and nothing else", (text) => {
    if (tpmKeyProblem(text) !== undefined) return;
    expect(Buffer.from(text, "base64").length).toBeGreaterThan(0);
    expect(text.replace(/=+$/, "")).toMatch(/^[A-Za-z0-9+/]+$/);
  });

  it.each(["", "AAAA AAAA", "A", "====", "AAAAAAAAAAAAAAAAAAAAAA", "bm90IGEga2V5=="])(
    "is not %j",
    (text) => expect(symmetricKeyProblem(text)).toBeDefined(),
  );
});
