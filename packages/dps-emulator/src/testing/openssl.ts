import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certificate, parseCertificate } from "@dps-certs/ca-tools";

/** Runs the openssl command in a folder; its complaints come with the error. */
export function openssl(cwd: string, ...args: string[]): string {
  return execFileSync("openssl", args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export function inTemporaryFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "dps-emulator-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Certificates that our own profiles would not make: a CA, a leaf with the extensions that the test
 * names, and `CN=victim` signed by that leaf.
 */
export function opensslChain(options: {
  leafSubject: string;
  /** Lines of an extension file. @default none */
  leafExtensions?: string;
  /** @default 3 */
  caVersion?: 1 | 3;
}): { ca: Certificate; leaf: Uint8Array; victim: Uint8Array } {
  const { leafSubject, leafExtensions = "", caVersion = 3 } = options;
  return inTemporaryFolder((folder) => {
    const request = (name: string, subject: string) => {
      openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${name}.key`);
      openssl(
        folder,
        "req",
        "-new",
        "-key",
        `${name}.key`,
        "-subj",
        subject,
        "-out",
        `${name}.csr`,
      );
    };
    const sign = (name: string, by: string[], extensions: string) => {
      writeFileSync(join(folder, `${name}.ext`), extensions);
      const extfile = extensions === "" ? [] : ["-extfile", `${name}.ext`];
      openssl(
        folder,
        "x509",
        "-req",
        "-in",
        `${name}.csr`,
        "-days",
        "9",
        "-out",
        `${name}.pem`,
        ...by,
        ...extfile,
      );
      return parseCertificate(readFileSync(join(folder, `${name}.pem`), "utf8"));
    };
    const signedBy = (name: string) => [
      "-CA",
      `${name}.pem`,
      "-CAkey",
      `${name}.key`,
      "-CAcreateserial",
    ];
    request("ca", "/CN=OpenSSL CA");
    request("leaf", leafSubject);
    request("victim", "/CN=victim");
    const caExtensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";
    const ca = sign("ca", ["-signkey", "ca.key"], caVersion === 3 ? caExtensions : "");
    const leaf = sign("leaf", signedBy("ca"), leafExtensions);
    const victim = sign("victim", signedBy("leaf"), "basicConstraints=CA:FALSE");
    return { ca, leaf: leaf.der, victim: victim.der };
  });
}
