import { CaToolsError } from "../errors.ts";
import { indexRow } from "../folder/index-file.ts";
import { caNameFor, FIRST_INTERMEDIATE, ROOT } from "../folder/layout.ts";
import { changePki, openPki } from "../folder/pki.ts";
import type { Registry } from "../folder/registry.ts";
import type { Certificate } from "../x509/certificate.ts";
import { issueCertificate } from "../x509/issue.ts";
import { DEFAULT_KEY_ALGORITHM, generateKeyPair, type KeyAlgorithmName } from "../x509/keys.ts";
import type { PasswordSource } from "../x509/private-key.ts";
import { PROFILES } from "../x509/profiles.ts";
import { validityFor } from "../x509/validity.ts";
import { archiveMoves } from "./archive.ts";
import {
  caFiles,
  caRecord,
  checkMayIssueCa,
  replacedFiles,
  rootExists,
  rootReplaced,
  storedKey,
} from "./ca-files.ts";
import { chainFile, chainName, missingChainFile } from "./chain-file.ts";
import { sameGroup } from "./groups.ts";
import { findCa, openCa } from "./load-ca.ts";
import { supersededRows } from "./unique-subjects.ts";

export interface CaOptions {
  /** The subject: one common name. */
  commonName: string;
  now: Date;
  /** @default the kind that the folder's chain was made with, else "ec-p256" */
  algorithm?: KeyAlgorithmName;
  /** Lifetime in days. @default 365 for a root, 180 for an intermediate */
  days?: number;
  /** Stores the private key encrypted. @default as the issuer's key is stored; a root's unencrypted */
  password?: string;
}

export interface Made {
  certificate: Certificate;
  /** The end that was asked for, where the issuer's earlier end replaced it. */
  cutFrom?: Date;
}

/**
 * Makes the self-signed root CA of a PKI folder, and the folder where there is none.
 *
 * @param force - replaces the whole chain; the CAs' files are moved to `old-<time>/`, the `archive`
 * @throws {CaToolsError} `exists` when there is a root, unless forced
 */
export async function createRoot(
  folder: string,
  options: CaOptions & { force?: boolean },
): Promise<Made & { archive?: string }> {
  const remembered = (await openPki(folder))?.algorithm;
  const algorithm = options.algorithm ?? remembered ?? DEFAULT_KEY_ALGORITHM;
  const keys = await generateKeyPair(algorithm);
  const validity = validityFor(options.now, options.days ?? PROFILES.root.days);
  const certificate = await issueCertificate({
    profile: "root",
    subject: options,
    publicKey: keys.publicKey,
    issuer: { selfSigned: keys.privateKey },
    ...validity,
  });
  const keyPem = await storedKey(keys.privateKey, options.password);
  const root = { name: ROOT, issuer: null, certificate, keyPem };
  let archive: string | undefined;
  await changePki(folder, async (registry) => {
    if (registry.cas.length > 0 && !options.force) throw rootExists(folder);
    const old = options.force ? replacedFiles(registry) : [];
    const moves = await archiveMoves(folder, options.now, old);
    // There may be nothing to replace.
    if (registry.cas.length > 0) archive = moves[0]?.to.split("/")[0];
    return {
      moves,
      files: caFiles(root),
      registry: { ...registry, algorithm, cas: [caRecord(root, null)] },
    };
  });
  return { certificate, ...(archive !== undefined && { archive }) };
}

/**
 * Makes an intermediate CA under the folder's root: the folder's first one gets the scripts' name,
 * later ones the group's.
 *
 * @param group - enrollment group that it is for; null leaves it free for the first group that asks
 * @param unlock - asked for the password of the root's key when that is encrypted
 * @throws {CaToolsError} `exists` when the group has an intermediate already; `not-a-ca` when the
 * root allows no CA below it (pathLen, RFC 5280 §4.2.1.9); `password-required`, `wrong-password`
 */
export async function createIntermediate(
  folder: string,
  options: CaOptions & { group: string | null; unlock?: PasswordSource },
): Promise<Made & { name: string }> {
  const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
  const { ca: root, password } = await openCa(folder, registry, ROOT, options.unlock);
  checkMayIssueCa(root.chain);
  const keys = await generateKeyPair(options.algorithm ?? registry.algorithm);
  const { cutFrom, ...dates } = validityFor(
    options.now,
    options.days ?? PROFILES.intermediate.days,
    root.certificate,
  );
  const certificate = await issueCertificate({
    profile: "intermediate",
    subject: options,
    publicKey: keys.publicKey,
    issuer: root,
    ...dates,
  });
  const keyPem = await storedKey(keys.privateKey, options.password ?? password);
  let name = "";
  await changePki(folder, async (current) => {
    if (findCa(current, ROOT).sha256 !== root.certificate.sha256) throw rootReplaced(folder);
    name = nameFor(current, options.group);
    const made = { name, issuer: ROOT, certificate, keyPem };
    const chain =
      name === FIRST_INTERMEDIATE
        ? [chainFile([certificate, ...root.chain])]
        : await missingChainFile(folder, current);
    return {
      files: [...caFiles(made), ...chain],
      rows: [indexRow(certificate)],
      revocations: await supersededRows(folder, [certificate], {
        now: options.now,
        force: true,
      }),
      registry: { ...current, cas: [...current.cas, caRecord(made, options.group)] },
    };
  });
  return { certificate, name, ...(cutFrom && { cutFrom }) };
}

function nameFor(registry: Registry, group: string | null): string {
  const own = registry.cas.find((ca) => group !== null && sameGroup(ca.group, group));
  if (own !== undefined) throw intermediateExists(own.name);
  const taken = new Set(registry.cas.map(({ name }) => name.toLowerCase()));
  const isFree = (name: string) => !taken.has(name.toLowerCase());
  if (isFree(FIRST_INTERMEDIATE)) return FIRST_INTERMEDIATE;
  const wanted = group === null ? chainName(2) : caNameFor(group);
  // A name that another CA has: a group called like an intermediate of the chain, for one.
  for (let n = 2, name = wanted; ; n += 1, name = `${wanted}~${n}`) if (isFree(name)) return name;
}

function intermediateExists(name: string): CaToolsError {
  return new CaToolsError("exists", `the PKI folder has an intermediate CA named ${name} already`, {
    hint: "see it with: dps-certs ca show",
  });
}
