import { chmodSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRoot } from "../authority/create-ca.ts";
import { openPki } from "../folder/pki.ts";
import { openssl, tryOpenssl } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { make, now, rows, sharedChain, textIn, withChain } from "../testing/script-chain.ts";
import { snapshot } from "../testing/snapshot.ts";
import { parseCertificate, parseCertificates } from "../x509/certificate.ts";
import { encryptPrivateKey, readPrivateKey } from "../x509/private-key.ts";
import type { ScriptCertificateOptions } from "./create-certificate.ts";
import { createScriptChain } from "./create-chain.ts";
import type { ScriptCertificateKind } from "./script-files.ts";

const ROOT_FILE = "certs/azure-iot-test-only.root.ca.cert.pem";
const ROOT_KEY = "private/azure-iot-test-only.root.ca.key.pem";
const CHAIN_FILE = "certs/azure-iot-test-only.chain.ca.cert.pem";

function verify(folder: string, file: string): string {
  return openssl(["verify", "-x509_strict", "-CAfile", CHAIN_FILE, file], folder).trim();
}

function passwordFile(): string {
  const file = join(scratch(), "password");
  writeFileSync(file, "1234\n");
  return file;
}

/** Which of a folder's files a step added or changed. */
async function changed(folder: string, step: () => Promise<unknown>): Promise<string[]> {
  const before = snapshot(folder);
  await step();
  return Object.entries(snapshot(folder))
    .filter(([path, content]) => before[path] !== content)
    .map(([path]) => path)
    .sort();
}

const KINDS: [ScriptCertificateKind, string, string, string, boolean][] = [
  ["verification", "verification-code", "x", "Azure IoT Hub CA Cert Test Only", false],
  ["device", "new-device", "x", "Azure IoT Hub CA Cert Test Only", true],
  ["deviceFromIntermediate", "new-device", "x", "Azure IoT Hub Intermediate Cert Test Only", true],
  ["edge", "new-edge-device", "x.ca", "Azure IoT Hub Intermediate Cert Test Only", true],
];

describe.each(KINDS)("a certificate of the kind %s", (kind, stem, subject, issuer, fullChain) => {
  const shared = sharedChain();

  it("leaves the script's files, and a full chain", async () => {
    const { folder } = shared;
    expect(await changed(folder, () => make(folder, "x", kind))).toEqual(
      [
        ...(fullChain ? [`certs/${stem}-full-chain.cert.pem`] : []),
        ...[`certs/${stem}.cert.pem`, `certs/${stem}.cert.pfx`, `csr/${stem}.csr.pem`],
        ...["index.txt", "newcerts/02.pem", `private/${stem}.key.pem`, "serial"],
      ].sort(),
    );
    for (const secret of [`private/${stem}.key.pem`, `certs/${stem}.cert.pfx`]) {
      expect(statSync(join(folder, secret)).mode & 0o777).toBe(0o600);
    }
  });

  it("is signed by the script's signer, as openssl sees it", () => {
    const { folder } = shared;
    const text = ["x509", "-noout", "-subject", "-issuer", "-in", `certs/${stem}.cert.pem`];
    expect(openssl(text, folder)).toBe(`subject=CN = ${subject}\nissuer=CN = ${issuer}\n`);
    expect(verify(folder, `certs/${stem}.cert.pem`)).toBe(`certs/${stem}.cert.pem: OK`);
  });

  it("comes with a request for the same key", () => {
    const { folder } = shared;
    const args = ["req", "-verify", "-noout", "-subject", "-pubkey", "-in", `csr/${stem}.csr.pem`];
    const said = openssl(args, folder);
    expect(said).toContain("verify OK");
    expect(said).toContain(`subject=CN = ${subject}\n`);
    const key = openssl(["x509", "-noout", "-pubkey", "-in", `certs/${stem}.cert.pem`], folder);
    expect(said).toContain(key);
    expect(openssl(["pkey", "-in", `private/${stem}.key.pem`, "-pubout"], folder)).toBe(key);
  });

  it("comes with a PFX of leaf and key, password 1234, nameless as the script's", () => {
    const { folder } = shared;
    const open = ["-in", `certs/${stem}.cert.pfx`, "-passin", `file:${passwordFile()}`, "-nodes"];
    const said = openssl(["pkcs12", ...open], folder);
    expect(parseCertificates(said).map(({ pem }) => pem)).toEqual([
      textIn(folder, `certs/${stem}.cert.pem`),
    ]);
    expect(said).toContain(textIn(folder, `private/${stem}.key.pem`));
    expect(said).not.toContain("friendlyName");
  });

  it.runIf(fullChain)("comes with all its issuers in one file", () => {
    const { folder } = shared;
    const chain = parseCertificates(textIn(folder, `certs/${stem}-full-chain.cert.pem`));
    const { subject: last } = chain.at(-1) ?? {};
    expect(last).toBe("CN=Azure IoT Hub CA Cert Test Only");
    chain.reduce((below, above) => {
      expect(below.issuer).toBe(above.subject);
      return above;
    });
  });

  it("has the next number of `serial`, and a row", () => {
    const { folder } = shared;
    expect(textIn(folder, "serial")).toBe("03\n");
    expect(textIn(folder, "newcerts/02.pem")).toBe(textIn(folder, `certs/${stem}.cert.pem`));
    expect(rows(folder).at(-1)).toBe(`V 02 /CN=${subject}`);
  });

  it("takes the place of the one before, whatever its mode", async () => {
    const { folder } = shared;
    chmodSync(join(folder, `private/${stem}.key.pem`), 0o444);
    chmodSync(join(folder, `certs/${stem}.cert.pem`), 0o444);
    const { certificate } = await make(folder, "y", kind);
    expect(certificate.serialNumber).toBe("03");
    expect(textIn(folder, `certs/${stem}.cert.pem`)).toBe(certificate.pem);
    expect(statSync(join(folder, `private/${stem}.key.pem`)).mode & 0o777).toBe(0o600);
  });
});

describe("a certificate of the script", () => {
  it("has keys of the kind that the chain was made with, unless told otherwise", async () => {
    const folder = await withChain();
    const kindOf = async (more: Partial<ScriptCertificateOptions>) =>
      (await make(folder, "x", "device", more)).certificate.x509.publicKey.asymmetricKeyDetails
        ?.namedCurve;
    expect(await kindOf({})).toBe("prime256v1");
    expect(await kindOf({ algorithm: "ec-p384" })).toBe("secp384r1");
  });

  it("lasts 30 days, but no longer than its issuer", async () => {
    const folder = await withChain();
    const days = ({ notAfter }: { notAfter: Date }) =>
      (notAfter.getTime() - now.getTime()) / 86_400_000;
    const { certificate, cutFrom } = await make(folder, "x");
    expect(Math.round(days(certificate) * 1000)).toBeGreaterThanOrEqual(29_999);
    expect(cutFrom).toBeUndefined();
    const later = new Date(now.getTime() + 20 * 86_400_000);
    const cut = await make(folder, "x", "device", { now: later });
    expect(cut.certificate.notAfter).toEqual(certificate.notAfter);
    expect(cut.cutFrom?.getTime()).toBeGreaterThan(certificate.notAfter.getTime());
    const short = await make(folder, "x", "device", { days: 3 });
    expect(Math.round(days(short.certificate))).toBe(3);
  });

  it("needs a root", async () => {
    const folder = scratch();
    await expect(make(folder, "x")).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("certgen create_root_and_intermediate"),
    });
    expect(snapshot(folder)).toEqual({});
  });

  it("tells the way out where the root of a list is gone", async () => {
    const folder = await withChain();
    rmSync(join(folder, ROOT_FILE));
    await expect(make(folder, "x")).rejects.toMatchObject({
      code: "not-found",
      hint: expect.stringContaining("certgen create_root_and_intermediate --force"),
    });
  });

  it("takes no number anew when `serial` is lost", async () => {
    const folder = await withChain();
    rmSync(join(folder, "serial"));
    rmSync(join(folder, "newcerts"), { recursive: true });
    await expect(make(folder, "x")).rejects.toMatchObject({
      code: "damaged-folder",
      file: join(folder, "serial"),
    });
  });

  it("needs an intermediate where one is to sign, and none where the root is", async () => {
    const folder = scratch();
    await createRoot(folder, { commonName: "Alone Root CA", now });
    const wanted = {
      code: "not-found",
      file: join(folder, "certs/azure-iot-test-only.intermediate.cert.pem"),
      hint: expect.stringContaining("certgen create_root_and_intermediate --force"),
    };
    await expect(make(folder, "x", "edge")).rejects.toMatchObject(wanted);
    const { certificate } = await make(folder, "x", "device", { algorithm: "ec-p256" });
    expect(certificate.issuer).toBe("CN=Alone Root CA");
  });

  it("is not made with an odd number of digits in `serial`, which is named", async () => {
    const folder = await withChain();
    writeFileSync(join(folder, "serial"), "ABC\n");
    const before = snapshot(folder);
    const file = join(folder, "serial");
    await expect(make(folder, "x")).rejects.toMatchObject({ code: "damaged-folder", file });
    expect(snapshot(folder)).toEqual(before);
  });

  it("passes over a number that newcerts/ has a certificate of", async () => {
    const folder = await withChain();
    writeFileSync(join(folder, "serial"), "01\n");
    expect((await make(folder, "x")).certificate.serialNumber).toBe("02");
    writeFileSync(join(folder, "serial"), "FF\n");
    expect((await make(folder, "y")).certificate.serialNumber).toBe("FF");
    expect(textIn(folder, "serial")).toBe("0100\n");
  });

  it("is not signed with a key that is not the CA's", async () => {
    const folder = await withChain();
    const { privateKey } = await import("node:crypto").then(({ generateKeyPairSync }) =>
      generateKeyPairSync("ec", { namedCurve: "P-256" }),
    );
    writeFileSync(
      join(folder, ROOT_KEY),
      await encryptPrivateKey(privateKey, "1234", { rounds: 9 }),
    );
    const before = snapshot(folder);
    await expect(make(folder, "x")).rejects.toMatchObject({ code: "key-mismatch" });
    expect(snapshot(folder)).toEqual(before);
  });

  it("is not signed by a CA that another command replaces meanwhile", async () => {
    const folder = await withChain();
    const file = join(folder, ROOT_KEY);
    const key = await readPrivateKey(textIn(folder, ROOT_KEY), { password: async () => "1234" });
    writeFileSync(file, await encryptPrivateKey(key, "other", { rounds: 9 }));
    const password = async () => {
      await createScriptChain(folder, { now, algorithm: "ec-p256", force: true });
      return "other";
    };
    await expect(make(folder, "x", "device", { password })).rejects.toMatchObject({
      code: "locked",
    });
    expect(rows(folder)).toHaveLength(1);
  });

  it("can be made side by side: no number is given twice", async () => {
    const folder = await withChain();
    await Promise.all(["a", "b", "c"].map((name) => make(folder, name)));
    expect(rows(folder).map((row) => row.split(" ")[1])).toEqual(["01", "02", "03", "04"]);
    const { serialNumber } = parseCertificate(textIn(folder, "certs/new-device.cert.pem"));
    const key = openssl(["pkey", "-in", "private/new-device.key.pem", "-pubout"], folder);
    const file = `newcerts/${serialNumber}.pem`;
    expect(openssl(["x509", "-noout", "-pubkey", "-in", file], folder)).toBe(key);
  });
});

describe("pki.json", () => {
  it("follows when the script has replaced the chain, which takes the lists of old CAs along", async () => {
    const [folder, other] = [await withChain(), await withChain()];
    for (const path of Object.keys(snapshot(other)).filter((name) => /azure-iot/.test(name))) {
      rmSync(join(folder, path), { force: true });
      writeFileSync(join(folder, path), textIn(other, path));
    }
    await expect(openPki(folder)).resolves.toMatchObject({ cas: [{ name: "root" }, {}] });
    const { relisted, certificate } = await make(folder, "x", "edge", { algorithm: "ec-p256" });
    expect(relisted).toBe(true);
    const { sha256 } = parseCertificate(textIn(folder, ROOT_FILE));
    expect((await openPki(folder))?.cas[0]?.sha256).toBe(sha256);
    expect(verify(folder, `newcerts/${certificate.serialNumber}.pem`)).toContain("OK");
    expect((await make(folder, "y", "device", { algorithm: "ec-p256" })).relisted).toBe(false);
  });

  it("is not brought up to an intermediate of another root", async () => {
    const [folder, other] = [await withChain(), await withChain()];
    const path = "certs/azure-iot-test-only.intermediate.cert.pem";
    writeFileSync(join(folder, path), textIn(other, path));
    await expect(make(folder, "x", "edge")).rejects.toMatchObject({
      code: "damaged-folder",
      file: join(folder, path),
    });
  });
});

describe("openssl", () => {
  it("takes a certificate of each kind for what it is", async () => {
    const folder = await withChain();
    for (const [kind, stem] of KINDS) {
      await make(folder, `name-of-${kind}`, kind);
      const purpose = kind === "edge" ? [] : ["-purpose", "sslclient"];
      const args = ["verify", "-CAfile", CHAIN_FILE, ...purpose, `certs/${stem}.cert.pem`];
      expect(tryOpenssl(args, folder).output).toContain("OK");
    }
    const text = ["x509", "-noout", "-ext", "basicConstraints", "-in"];
    expect(openssl([...text, "certs/new-edge-device.cert.pem"], folder)).toContain("CA:TRUE");
    expect(openssl([...text, "certs/new-device.cert.pem"], folder)).toContain("CA:FALSE");
  });
});
