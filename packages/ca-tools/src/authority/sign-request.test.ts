import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPki } from "../folder/pki.ts";
import { inDays, NOW } from "../testing/authority.ts";
import { openssl, textOf, verifyStrict } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { type Certificate, parseCertificates } from "../x509/certificate.ts";
import { exportPrivateKeyPem, generateKeyPair, type KeyPair } from "../x509/keys.ts";
import { commonNameSubject } from "../x509/names.ts";
import { type CertificateRequest, createRequest, parseRequest } from "../x509/request.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { createDevices } from "./devices.ts";
import { type Ca, loadCa } from "./load-ca.ts";
import { type SignRequestOptions, signRequest } from "./sign-request.ts";

const template = mkdtempSync(join(tmpdir(), "ca-tools-"));
let folder: string;
let issuer: Ca;
let keys: KeyPair;
let request: CertificateRequest;

beforeAll(async () => {
  await createRoot(template, { commonName: "Root CA", now: NOW });
  await createIntermediate(template, { commonName: "CA", now: NOW, group: null });
  const registry = (await openPki(template)) ?? { version: 1, cas: [] };
  issuer = await loadCa(template, registry, "intermediate");
  keys = await generateKeyPair();
  request = await createRequest({ commonName: "dev-1", keys });
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

beforeEach(() => {
  folder = scratch();
  cpSync(template, folder, { recursive: true });
});

const signed = (options: Partial<SignRequestOptions> = {}) =>
  signRequest(folder, { issuer, request, now: NOW, ...options });
const read = (path: string) => readFileSync(join(folder, path), "utf8");
const put = (path: string, text: string) => writeFileSync(join(folder, path), text);
const index = () => read("index.txt");

/** A request that asks for everything. */
function greedyRequest(): CertificateRequest {
  const asked = [
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign",
    "extendedKeyUsage=serverAuth",
    "subjectAltName=DNS:victim.example,IP:10.0.0.1",
    "subjectKeyIdentifier=00:11",
    "nameConstraints=permitted;DNS:x",
    "1.2.3.4=ASN1:UTF8String:x",
  ].flatMap((extension) => ["-addext", extension]);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const files = ["-keyout", join(scratch(), "key")];
  return parseRequest(
    openssl(["req", "-new", "-subj", "/O=Evil/CN=dev-1", ...key, ...files, ...asked]),
  );
}

const oids = ({ extensions }: Certificate) => extensions.map(({ oid }) => oid).sort();

describe("signRequest", () => {
  it("makes a device's certificate for the key of the request, and keeps both", async () => {
    const { id, certificate } = await signed();
    expect(id).toBe("dev-1");
    expect(certificate).toMatchObject({ commonName: "dev-1", notAfter: inDays(30) });
    expect(certificate.x509.publicKey.equals(keys.publicKey)).toBe(true);
    const chain = parseCertificates(read("certs/dev-1-full-chain.cert.pem"));
    expect(chain.map(({ subject }) => subject)).toEqual(["CN=dev-1", "CN=CA"]);
    const path = [...chain, ...issuer.chain.slice(1)];
    const verified = verifyStrict(scratch(), path, { at: NOW, purpose: "sslclient" });
    expect(verified).toMatchObject({ status: 0 });
    expect(read("csr/dev-1.csr.pem")).toBe(request.pem);
    expect(read("certs/dev-1.cert.pem")).toBe(certificate.pem);
    expect(read(`newcerts/${certificate.serialNumber}.pem`)).toBe(certificate.pem);
    expect(index()).toContain(`\t${certificate.serialNumber}\tunknown\t/CN=dev-1\n`);
    expect(Object.keys(snapshot(folder)).filter((file) => file.includes("dev-1.key"))).toEqual([]);
  });

  it("copies nothing that the request asks for beyond its key and common name", async () => {
    const { certificate } = await signed({ request: greedyRequest() });
    const [plain] = await createDevices(folder, { ids: ["plain"], issuer, now: NOW });
    expect(oids(certificate)).toEqual(oids(plain?.certificate ?? certificate));
    expect(certificate).toMatchObject({
      subject: "CN=dev-1",
      basicConstraints: { ca: false },
      keyUsages: ["digitalSignature"],
      extendedKeyUsage: ["1.3.6.1.5.5.7.3.2"],
      subjectAlternativeNames: [],
    });
    expect(certificate.subjectKeyIdentifier).toHaveLength(40);
    expect(textOf(certificate)).not.toMatch(/victim|Evil/);
  });

  it("gives the names that the caller vouches for", async () => {
    const names = { dns: ["gw.example"], ip: ["10.0.0.5", "::1"] };
    const { certificate } = await signed({ subjectAlternativeNames: names });
    expect(textOf(certificate)).toContain(
      "DNS:gw.example, IP Address:10.0.0.5, IP Address:0:0:0:0:0:0:0:1",
    );
    for (const bad of [{ dns: ["no host"] }, { ip: ["10.0.0"] }]) {
      const asked = signed({ subjectAlternativeNames: bad, force: true });
      await expect(asked).rejects.toMatchObject({ code: "invalid-name" });
    }
  });

  it("makes a server's certificate, which bears its own name", async () => {
    const { id, certificate } = await signed({ profile: "server", commonName: "gw.example" });
    expect(id).toBe("gw.example.server");
    expect(textOf(certificate)).toContain("DNS:gw.example");
    const path = [certificate, ...issuer.chain];
    const verified = verifyStrict(scratch(), path, { at: NOW, purpose: "sslserver" });
    expect(verified).toMatchObject({ status: 0 });
    const nameless = signed({ profile: "server", commonName: "no host" });
    await expect(nameless).rejects.toMatchObject({ code: "invalid-name" });
  });

  it("makes a CA only when that is asked for by name", async () => {
    const { id, certificate } = await signed({ profile: "intermediate" });
    expect([id, certificate.basicConstraints?.ca]).toEqual(["dev-1.ca", true]);
    const chain = parseCertificates(read("certs/dev-1.ca-full-chain.cert.pem"));
    expect(verifyStrict(scratch(), chain, { at: NOW })).toMatchObject({ status: 0 });
  });

  it("makes no CA below one whose path length is used up", async () => {
    const [own, ...above] = issuer.chain;
    const last = { ...(own ?? issuer.certificate), basicConstraints: { ca: true, pathLength: 0 } };
    const limited = { ...issuer, chain: [last, ...above] };
    const before = snapshot(folder);
    for (const profile of ["intermediate", "edgeCa"] as const) {
      const asked = signed({ issuer: limited, profile });
      await expect(asked).rejects.toMatchObject({ code: "not-a-ca" });
    }
    expect(snapshot(folder)).toEqual(before);
    await signed({ issuer: limited });
  });

  it("takes the name that it is told, whatever the request's", async () => {
    const { certificate } = await signed({ request: greedyRequest(), commonName: "dev-7" });
    expect(certificate.subject).toBe("CN=dev-7");
    expect(read("csr/dev-7.csr.pem")).toContain("BEGIN CERTIFICATE REQUEST");
  });

  it("wants to be told where the request has several names, or none", async () => {
    for (const subject of ["/CN=dev-1/CN=dev-2", "/O=Factory"]) {
      const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      const files = ["-keyout", join(scratch(), "key")];
      const odd = parseRequest(openssl(["req", "-new", "-subj", subject, ...key, ...files]));
      const asked = signed({ request: odd });
      await expect(asked).rejects.toMatchObject({ code: "invalid-request", hint: /--cn/ });
    }
  });

  it.each([
    ["reserved", "new-device"],
    ["empty", ""],
    ["of 65 characters", "x".repeat(65)],
    ["with a line feed", "a\nb"],
  ])("refuses a name that is %s, and changes nothing", async (_, commonName) => {
    const before = snapshot(folder);
    await expect(signed({ commonName })).rejects.toMatchObject({ code: "invalid-name" });
    expect(snapshot(folder)).toEqual(before);
  });

  it.each(["../x", "a/b", "con", "Gerät 7", 'a"b#,\\', "😀"])(
    "keeps a name such as %j inside the folder, and byte for byte in the certificate",
    async (commonName) => {
      const { certificate } = await signed({ commonName });
      expect(Buffer.from(certificate.subjectName.toArrayBuffer())).toEqual(
        Buffer.from(commonNameSubject(commonName).toArrayBuffer()),
      );
      const made = Object.keys(snapshot(folder)).filter((file) => /^(?:certs|csr)\//.test(file));
      for (const file of made) expect(file).toMatch(/^(?:certs|csr)\/[A-Za-z0-9%._~-]+$/);
    },
  );

  it.each(["dev-1", "DEV-1"])("refuses a name that is there already: %s", async (commonName) => {
    await signed();
    const before = snapshot(folder);
    await expect(signed({ commonName })).rejects.toMatchObject({ code: "exists" });
    expect(snapshot(folder)).toEqual(before);
  });

  it("replaces when forced, and keeps what it replaces: a device's key too", async () => {
    await createDevices(folder, { ids: ["dev-1"], issuer, now: NOW });
    const before = snapshot(folder);
    await signed({ force: true });
    const after = snapshot(folder);
    for (const path of ["certs/dev-1.cert.pem", "private/dev-1.key.pem"]) {
      expect(after[`old-20300301T120000Z/${path}`]).toBe(before[path]);
    }
    expect(after["private/dev-1.key.pem"]).toBeUndefined();
  });

  it("leaves the key in its place that the request was made with", async () => {
    put("private/dev-1.key.pem", exportPrivateKeyPem(keys.privateKey));
    await signed();
    expect(read("private/dev-1.key.pem")).toBe(exportPrivateKeyPem(keys.privateKey));
  });

  it("marks the old row superseded where subjects are to be unique", async () => {
    put("index.txt.attr", "unique_subject = yes\n");
    await signed();
    await signed({ force: true });
    expect(index().match(/^R\t.*superseded.*\/CN=dev-1$/gm)).toHaveLength(1);
    expect(index().match(/^V\t.*\/CN=dev-1$/gm)).toHaveLength(1);
  });

  it("is cut to the issuer's end, and says so", async () => {
    const { certificate, cutFrom } = await signed({ days: 400 });
    expect(certificate.notAfter).toEqual(issuer.certificate.notAfter);
    expect(cutFrom).toEqual(inDays(400));
  });

  it("takes no CA that was replaced since it was loaded", async () => {
    await createRoot(folder, { commonName: "Root CA", now: NOW, force: true });
    await expect(signed()).rejects.toMatchObject({ code: "locked" });
  });
});
