import { CaToolsError } from "../errors.ts";
import { indexRow } from "../folder/index-file.ts";
import {
  CHAIN_FILE,
  caNameFor,
  caPaths,
  caStem,
  FIRST_INTERMEDIATE,
  ROOT,
} from "../folder/layout.ts";
import { changePki, openPki } from "../folder/pki.ts";
import type { CaRecord, Registry } from "../folder/registry.ts";
import type { NewFile } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";
import { issueCertificate } from "../x509/issue.ts";
import {
  exportPrivateKeyPem,
  generateKeyPair,
  type KeyAlgorithmName,
  type KeyPair,
} from "../x509/keys.ts";
import { PROFILES } from "../x509/profiles.ts";
import { validityFor } from "../x509/validity.ts";
import { archiveMoves } from "./archive.ts";
import { sameGroup } from "./groups.ts";
import { findCa, loadCa } from "./load-ca.ts";

export interface CaOptions {
  /** The subject: one common name. */
  commonName: string;
  now: Date;
  /** @default "ec-p256" */
  algorithm?: KeyAlgorithmName;
  /** Lifetime in days. @default 365 for a root, 180 for an intermediate */
  days?: number;
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
  const keys = await generateKeyPair(options.algorithm);
  const validity = validityFor(options.now, options.days ?? PROFILES.root.days);
  const certificate = await issueCertificate({
    profile: "root",
    subject: options,
    publicKey: keys.publicKey,
    issuer: { selfSigned: keys.privateKey },
    ...validity,
  });
  let archive: string | undefined;
  await changePki(folder, async (registry) => {
    if (registry.cas.length > 0 && !options.force) throw rootExists(folder);
    const record = recordOf(ROOT, null, certificate, null);
    const old = options.force ? chainFiles(registry) : [];
    const moves = await archiveMoves(folder, options.now, old);
    // There may be nothing to replace.
    if (registry.cas.length > 0) archive = moves[0]?.to.split("/")[0];
    return {
      moves,
      files: caFiles(ROOT, keys, certificate),
      registry: { ...registry, cas: [record] },
    };
  });
  return { certificate, ...(archive !== undefined && { archive }) };
}

/** Files of the chain: what the registry names, and the fixed names whoever wrote them. */
function chainFiles(registry: Registry): string[] {
  const names = new Set([ROOT, FIRST_INTERMEDIATE, ...registry.cas.map(({ name }) => name)]);
  return [...[...names].flatMap((name) => Object.values(caPaths(name))), CHAIN_FILE];
}

function rootExists(folder: string): CaToolsError {
  return new CaToolsError("exists", `${folder} has a root CA already`, {
    file: folder,
    hint: "use --force to replace the chain; the old one is kept in old-<time>/",
  });
}

/**
 * Makes an intermediate CA under the folder's root: the folder's first one gets the scripts' name,
 * later ones the group's.
 *
 * @param group - enrollment group that it is for; null leaves it free for the first group that asks
 * @throws {CaToolsError} `exists` when the group has an intermediate already
 */
export async function createIntermediate(
  folder: string,
  options: CaOptions & { group: string | null },
): Promise<Made & { name: string }> {
  const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
  const root = await loadCa(folder, registry, ROOT);
  const keys = await generateKeyPair(options.algorithm);
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
  let name = "";
  await changePki(folder, (current) => {
    if (findCa(current, ROOT).sha256 !== root.certificate.sha256) throw rootReplaced(folder);
    name = nameFor(current, options.group);
    const record = recordOf(name, ROOT, certificate, options.group);
    const chain = { path: CHAIN_FILE, data: certificate.pem + root.certificate.pem };
    return {
      files: [
        ...caFiles(name, keys, certificate),
        { path: `newcerts/${certificate.serialNumber}.pem`, data: certificate.pem },
        ...(name === FIRST_INTERMEDIATE ? [chain] : []),
      ],
      rows: [indexRow(certificate)],
      registry: { ...current, cas: [...current.cas, record] },
    };
  });
  return { certificate, name, ...(cutFrom && { cutFrom }) };
}

function rootReplaced(folder: string): CaToolsError {
  return new CaToolsError("locked", `another command replaced the root CA of ${folder} meanwhile`, {
    file: folder,
    hint: "nothing was changed; try again",
  });
}

function nameFor(registry: Registry, group: string | null): string {
  const own = registry.cas.find((ca) => group !== null && sameGroup(ca.group, group));
  if (own !== undefined) throw intermediateExists(own.name);
  const names = new Set(registry.cas.map(({ name }) => name.toLowerCase()));
  const wanted = names.has(FIRST_INTERMEDIATE)
    ? caNameFor(group ?? FIRST_INTERMEDIATE)
    : FIRST_INTERMEDIATE;
  if (names.has(wanted.toLowerCase())) throw intermediateExists(wanted);
  return wanted;
}

function intermediateExists(name: string): CaToolsError {
  return new CaToolsError("exists", `the PKI folder has an intermediate CA named ${name} already`, {
    hint: "see it with: dps-certs ca show",
  });
}

function recordOf(
  name: string,
  issuer: string | null,
  { sha256 }: Certificate,
  group: string | null,
): CaRecord {
  return { name, file: caStem(name), issuer, sha256, group, generation: 1 };
}

/** Key first: a certificate in place always finds its key. */
function caFiles(name: string, keys: KeyPair, certificate: Certificate): NewFile[] {
  const paths = caPaths(name);
  return [
    { path: paths.key, data: exportPrivateKeyPem(keys.privateKey), secret: true },
    { path: paths.certificate, data: certificate.pem },
  ];
}
