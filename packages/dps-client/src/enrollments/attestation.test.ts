import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OpensslPki, opensslPki, type Pair } from "../testing/openssl-pki.ts";
import {
  symmetricKeys,
  tpm,
  x509CaReferences,
  x509ClientCertificates,
  x509SigningCertificates,
} from "./attestation.ts";

let pki: OpensslPki;
let other: Pair;
beforeAll(() => {
  pki = opensslPki();
  other = pki.issue("other");
});
afterAll(() => pki.remove());

const textOf = (slot: { certificate?: string | null | undefined } | null | undefined) =>
  Buffer.from(slot?.certificate ?? "", "base64").toString();

describe("attestation by certificates", () => {
  it("takes PEM, DER and what Node has read, and sends the same", () => {
    const read = new X509Certificate(pki.root.certPem);
    for (const primary of [pki.root.certPem, Buffer.from(pki.root.certPem), read.raw, read]) {
      const { type, x509 } = x509SigningCertificates({ primary, secondary: other.certPem });
      expect(type).toBe("x509");
      expect(textOf(x509?.signingCertificates?.primary)).toBe(pki.root.certPem);
      expect(textOf(x509?.signingCertificates?.secondary)).toBe(other.certPem);
    }
  });

  it("has no secondary where none is given", () => {
    const { x509 } = x509ClientCertificates({ primary: other.certPem, secondary: undefined });
    expect(Object.keys(x509?.clientCertificates ?? {})).toEqual(["primary"]);
  });

  it("takes nothing else of the text, a private key above all", () => {
    const { x509 } = x509ClientCertificates({ primary: other.keyPem + other.certPem });
    expect(textOf(x509?.clientCertificates?.primary)).toBe(other.certPem);
  });

  it("refuses keys, chains and damage, and does not quote them", () => {
    const damaged = other.certPem.replace(/\n[A-Za-z0-9+/]{8}/, "\nAAAAAAAA");
    for (const bad of ["", other.keyPem, other.certPem + pki.root.certPem, damaged]) {
      const make = () => x509SigningCertificates({ primary: bad });
      expect(make).toThrow(expect.objectContaining({ code: "invalid-certificate" }));
      expect(make).not.toThrow(/[A-Za-z0-9+/]{40}/);
    }
  });
});

describe("attestation by what the service has", () => {
  it("names its certificates", () => {
    expect(x509CaReferences({ primary: "root" })).toEqual({
      type: "x509",
      x509: { caReferences: { primary: "root" } },
    });
    for (const bad of [{ primary: "" }, { primary: "a", secondary: "a/b" }]) {
      expect(() => x509CaReferences(bad)).toThrow(
        expect.objectContaining({ code: "invalid-argument" }),
      );
    }
  });
});

describe("attestation by keys", () => {
  const key = Buffer.alloc(32, 1).toString("base64");

  it("takes base64", () => {
    expect(symmetricKeys()).toEqual({ type: "symmetricKey" });
    expect(symmetricKeys({ secondaryKey: key })).toEqual({
      type: "symmetricKey",
      symmetricKey: { secondaryKey: key },
    });
    expect(tpm({ endorsementKey: key })).toEqual({ type: "tpm", tpm: { endorsementKey: key } });
  });

  it("refuses what is none, and does not quote it", () => {
    const short = Buffer.from("s3cret").toString("base64");
    for (const make of [
      () => symmetricKeys({ primaryKey: short }),
      () => symmetricKeys({ primaryKey: key, secondaryKey: `${short}!` }),
      () => tpm({ endorsementKey: `${short}!` }),
      () => tpm({ endorsementKey: key, storageRootKey: "" }),
    ]) {
      expect(make).toThrow(expect.objectContaining({ code: "invalid-argument" }));
      expect(make).not.toThrow(new RegExp(short));
    }
  });
});
