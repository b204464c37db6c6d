import type { KeyObject } from "node:crypto";
import { CaToolsError } from "../errors.ts";
import { CHAIN_FILE, caPaths, caStem, FIRST_INTERMEDIATE, ROOT } from "../folder/layout.ts";
import type { CaRecord, Registry } from "../folder/registry.ts";
import type { NewFile } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";
import { exportPrivateKeyPem } from "../x509/keys.ts";
import { encryptPrivateKey } from "../x509/private-key.ts";

/** A CA with its key as it is to be stored. */
export interface NewCa {
  name: string;
  /** Name of the CA that issued it; null for the folder's top. */
  issuer: string | null;
  certificate: Certificate;
  /** PKCS#8, encrypted or not. A secret. */
  keyPem: string;
}

/** The key as a file: encrypted where there is a password. */
export async function storedKey(key: KeyObject, password: string | undefined): Promise<string> {
  return password === undefined ? exportPrivateKeyPem(key) : await encryptPrivateKey(key, password);
}

export function caRecord({ name, issuer, certificate }: NewCa, group: string | null): CaRecord {
  const { sha256 } = certificate;
  return { name, file: caStem(name), issuer, sha256, group, generation: 1 };
}

/** Key first: a certificate in place always finds its key. */
export function caFiles({ name, issuer, certificate, keyPem }: NewCa): NewFile[] {
  const paths = caPaths(name);
  const kept = { path: `newcerts/${certificate.serialNumber}.pem`, data: certificate.pem };
  return [
    { path: paths.key, data: keyPem, secret: true },
    { path: paths.certificate, data: certificate.pem },
    ...(issuer === null ? [] : [kept]),
  ];
}

/** Files of the CAs: what the registry names, and the fixed names whoever wrote them. */
export function replacedFiles(registry: Registry): string[] {
  const names = new Set([ROOT, FIRST_INTERMEDIATE, ...registry.cas.map(({ name }) => name)]);
  return [...[...names].flatMap((name) => Object.values(caPaths(name))), CHAIN_FILE];
}

export function rootExists(folder: string): CaToolsError {
  return new CaToolsError("exists", `${folder} has a root CA already`, {
    file: folder,
    hint: "use --force to replace the chain; the old one is kept in old-<time>/",
  });
}

export function rootReplaced(folder: string): CaToolsError {
  return new CaToolsError("locked", `another command replaced the root CA of ${folder} meanwhile`, {
    file: folder,
    hint: "nothing was changed; try again",
  });
}

/**
 * Whether a CA may issue another CA: no path length above it is used up (RFC 5280 §4.2.1.9), the
 * new CA counted, self-issued ones not.
 *
 * @param chain - the CA first, then what is above it
 * @param count - how many CAs are to be issued, each below the other. @default 1
 * @throws {CaToolsError} `not-a-ca` naming the CA that forbids it
 */
export function checkMayIssueCa(chain: readonly Certificate[], count = 1): void {
  let below = count;
  for (const { subject, subjectKey, issuerKey, basicConstraints } of chain) {
    const limit = basicConstraints?.pathLength;
    if (limit !== undefined && below > limit) {
      throw new CaToolsError(
        "not-a-ca",
        `${subject} allows ${limit} CAs below it (pathLen), not ${below}`,
        { hint: "use a CA whose path length allows it, in a PKI folder of its own: --pki" },
      );
    }
    if (subjectKey !== issuerKey) below += 1;
  }
}
