import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { caPaths, ROOT } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import { inDays, issue, NOW, rootCa } from "../testing/authority.ts";
import { openssl, verifyStrict } from "../testing/openssl.ts";
import { CA_EXTENSIONS, LEAF_EXTENSIONS, opensslIssue } from "../testing/openssl-ca.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { parseCertificate } from "../x509/certificate.ts";
import type { Issuer } from "../x509/issue.ts";
import { checkMayIssueCa } from "./ca-files.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { createChain } from "./create-chain.ts";
import { importCa } from "./import-ca.ts";
import { loadCa, readCa } from "./load-ca.ts";

const registryOf = async (folder: string) =>
  (await openPki(folder)) ?? { version: 1 as const, cas: [] };

/** `above` is in the file as well. */
const own = ({ certificate, privateKey }: Issuer, ...above: Issuer[]) => ({
  certificates: [certificate, ...above.map((ca) => ca.certificate)],
  privateKey,
  now: NOW,
});

async function corporate(): Promise<{ root: Issuer; issuing: Issuer }> {
  const root = await rootCa("Corporate Root");
  return { root, issuing: await issue("Corporate Issuing CA", root, { notAfter: inDays(90) }) };
}

describe("importCa", () => {
  it("makes a self-signed CA the folder's root, below which everything goes on", async () => {
    const folder = join(scratch(), "pki");
    const ca = await rootCa("Corporate Root", { notAfter: inDays(90) });
    const { already, above } = await importCa(folder, own(ca));
    expect([already, above]).toEqual([false, []]);
    await createIntermediate(folder, { commonName: "CA", now: NOW, group: "line-1" });
    const { chain } = await loadCa(folder, await registryOf(folder), "intermediate");
    expect(verifyStrict(scratch(), chain, { at: NOW })).toMatchObject({ status: 0 });
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("makes one that is not self-signed the top, and leaves out what is above it", async () => {
    const folder = scratch();
    const { root, issuing } = await corporate();
    const { above } = await importCa(folder, own(issuing, root));
    expect(above.map(({ sha256 }) => sha256)).toEqual([root.certificate.sha256]);
    expect(await registryOf(folder)).toMatchObject({
      algorithm: "ec-p256",
      cas: [{ name: ROOT, issuer: null, sha256: issuing.certificate.sha256 }],
    });
    const all = JSON.stringify(Object.keys(snapshot(folder)));
    expect(all.match(/cert\.pem/g)).toHaveLength(1);
    const { made } = await createChain(folder, { commonNames: ["-", "CA"], now: NOW });
    expect(made[0]?.certificate.issuer).toBe("CN=Corporate Issuing CA");
  });

  it("takes the one that the key belongs to, whatever the order of the file", async () => {
    const { root, issuing } = await corporate();
    const options = { ...own(root, issuing), privateKey: issuing.privateKey };
    const { certificate } = await importCa(scratch(), options);
    expect(certificate.commonName).toBe("Corporate Issuing CA");
  });

  it("remembers the kind of its key", async () => {
    const folder = scratch();
    const root = await rootCa("Root", { notAfter: inDays(90) });
    await importCa(folder, own(root));
    expect((await registryOf(folder)).algorithm).toBe("ec-p256");
  });

  it("changes nothing for the same CA, and puts back a file of it that is missing", async () => {
    const folder = scratch();
    const ca = await rootCa("Root");
    await importCa(folder, own(ca));
    const before = snapshot(folder);
    await expect(importCa(folder, own(ca))).resolves.toMatchObject({ already: true });
    expect(snapshot(folder)).toEqual(before);
    rmSync(join(folder, caPaths(ROOT).key));
    await importCa(folder, own(ca));
    expect(snapshot(folder)).toEqual(before);
  });

  it("refuses where there is another CA, unless forced, and then keeps that", async () => {
    const folder = scratch();
    await createRoot(folder, { commonName: "Root", now: NOW });
    const before = snapshot(folder);
    const other = await rootCa("Other Root");
    const refusal = { code: "exists", message: expect.stringContaining("another CA") };
    await expect(importCa(folder, own(other))).rejects.toMatchObject(refusal);
    expect(snapshot(folder)).toEqual(before);
    const { archive } = await importCa(folder, { ...own(other), force: true });
    const key = caPaths(ROOT).key;
    expect(snapshot(folder)[`${archive}/${key}`]).toBe(before[key]);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("ends well in both of two that import the same CA at once", async () => {
    const folder = scratch();
    const ca = await rootCa("Root");
    const both = await Promise.all([importCa(folder, own(ca)), importCa(folder, own(ca))]);
    expect(both.map(({ already }) => already).sort()).toEqual([false, true]);
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("stores the key encrypted when there is a password", async () => {
    const folder = scratch();
    await importCa(folder, { ...own(await rootCa("Root")), password: "secret" });
    const registry = await registryOf(folder);
    await expect(readCa(folder, registry, ROOT)).resolves.toMatchObject({ isEncrypted: true });
    const ca = await loadCa(folder, registry, ROOT, () => Promise.resolve("secret"));
    expect(ca.certificate.commonName).toBe("Root");
  });
});

describe("importCa with a path length", () => {
  const limited = (pathLength: number) =>
    opensslIssue(scratch(), {
      subject: "/CN=Limited CA",
      extensions: [
        `basicConstraints=critical,CA:TRUE,pathlen:${pathLength}`,
        ...CA_EXTENSIONS.slice(1),
      ],
    });

  it("lets no CA be made below one that allows none", async () => {
    const folder = scratch();
    await importCa(folder, own(limited(0)));
    const before = snapshot(folder);
    const options = { commonName: "CA", now: NOW, group: null };
    const refusal = { code: "not-a-ca", message: expect.stringContaining("CN=Limited CA") };
    await expect(createIntermediate(folder, options)).rejects.toMatchObject(refusal);
    const chain = createChain(folder, { commonNames: ["-", "CA"], now: NOW });
    await expect(chain).rejects.toMatchObject(refusal);
    expect(snapshot(folder)).toEqual(before);
  });

  it("lets as many be made as it allows, and OpenSSL accepts them", async () => {
    const folder = scratch();
    await importCa(folder, own(limited(2)));
    const names = (count: number) => ["-", ...Array(count).fill("CA")];
    const tooMany = createChain(folder, { commonNames: names(3), now: NOW });
    await expect(tooMany).rejects.toMatchObject({ code: "not-a-ca" });
    await createChain(folder, { commonNames: names(2), now: NOW });
    const { chain } = await loadCa(folder, await registryOf(folder), "intermediate-2");
    expect(verifyStrict(scratch(), chain, { at: NOW })).toMatchObject({ status: 0 });
  });
});

describe("checkMayIssueCa", () => {
  it("counts the CAs that are between", async () => {
    const folder = scratch();
    const extensions = ["basicConstraints=critical,CA:TRUE,pathlen:1", ...CA_EXTENSIONS.slice(1)];
    await importCa(folder, own(opensslIssue(scratch(), { subject: "/CN=Top", extensions })));
    await createChain(folder, { commonNames: ["-", "CA"], now: NOW });
    const registry = await registryOf(folder);
    const { chain: top } = await loadCa(folder, registry, ROOT);
    const { chain } = await loadCa(folder, registry, "intermediate");
    expect(() => checkMayIssueCa(top)).not.toThrow();
    expect(() => checkMayIssueCa(chain)).toThrow("CN=Top allows 1 CAs below it (pathLen), not 2");
  });
});

describe("importCa refuses", () => {
  const refuse = async (options: Parameters<typeof importCa>[1], code: string, says: string) => {
    const folder = join(scratch(), "pki");
    const importing = importCa(folder, options);
    await expect(importing).rejects.toMatchObject({ code, message: expect.stringContaining(says) });
    expect(existsSync(folder)).toBe(false);
  };

  it("a key that belongs to none of the certificates", async () => {
    const { root, issuing } = await corporate();
    const options = { ...own(issuing), privateKey: root.privateKey };
    await refuse(options, "key-mismatch", "CN=Corporate Issuing CA");
  });

  it("the certificate of a device", async () => {
    const leaf = await issue("dev-1", await rootCa("Root"), { profile: "device" });
    await refuse(own(leaf), "not-a-ca", "CA:FALSE");
  });

  it.each([
    ["without basicConstraints", ["subjectKeyIdentifier=hash"], "no basicConstraints"],
    [
      "that may not sign certificates",
      ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature"],
      "keyCertSign",
    ],
  ])("a certificate %s", async (_, extensions, says) => {
    const ca = opensslIssue(scratch(), { subject: "/CN=CA", extensions });
    await refuse(own(ca), "not-a-ca", says);
  });

  it("a certificate of version 1, with the reason", async () => {
    const root = await rootCa("Root");
    const v1 = opensslIssue(scratch(), { subject: "/CN=Old CA", extensions: [], issuer: root });
    expect(v1.certificate.version).toBe(1);
    await refuse(own(v1), "not-a-ca", "version 1");
  });

  it("a CA that has expired, or is not valid yet", async () => {
    const ca = await rootCa("Root");
    const { notAfter, notBefore } = ca.certificate;
    await refuse(
      { ...own(ca), now: new Date(notAfter.getTime() + 1000) },
      "outside-validity",
      notAfter.toISOString(),
    );
    await refuse(
      { ...own(ca), now: new Date(notBefore.getTime() - 1000) },
      "outside-validity",
      notBefore.toISOString(),
    );
  });

  it("two CAs of which none is above the other", async () => {
    const [one, other] = [await rootCa("One"), await rootCa("Other")];
    await refuse(own(one, other), "invalid-certificate", "CN=Other is not above CN=One");
    const leaf = opensslIssue(scratch(), {
      subject: "/CN=dev",
      extensions: LEAF_EXTENSIONS,
      issuer: one,
    });
    await refuse(own(one, leaf), "invalid-certificate", "CN=dev is not above CN=One");
  });

  it.each([
    ["P-521", ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"], "secp521r1"],
    ["secp256k1", ["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "secp256k1"],
    ["Ed25519", ["ed25519"], "ed25519"],
    ["RSA with 1024 bits", ["rsa:1024"], "rsa 1024"],
  ])("a CA whose key is %s", async (_, kind, says) => {
    const ca = selfSigned(kind);
    await refuse(own(ca), "unsupported-key", says);
  });
});

function selfSigned(kind: string[]): Issuer {
  const folder = scratch();
  const at = (name: string) => join(folder, name);
  writeFileSync(at("cnf"), "[req]\ndistinguished_name=dn\n[dn]\n");
  const files = ["-keyout", at("key"), "-out", at("pem"), "-config", at("cnf")];
  openssl(["req", "-x509", "-newkey", ...kind, "-nodes", "-subj", "/CN=CA", ...files]);
  const read = (name: string) => openssl(["pkey", "-in", at(name)]);
  const privateKey: KeyObject = createPrivateKey(read("key"));
  const certificate = parseCertificate(openssl(["x509", "-in", at("pem")]));
  expect(createPublicKey(privateKey).equals(certificate.x509.publicKey)).toBe(true);
  return { certificate, privateKey };
}
