import { CaToolsError } from "../errors.ts";
import { indexRow } from "../folder/index-file.ts";
import { ROOT } from "../folder/layout.ts";
import { changePki, openPki } from "../folder/pki.ts";
import type { Registry } from "../folder/registry.ts";
import { type Issuer, issueCertificate } from "../x509/issue.ts";
import {
  DEFAULT_KEY_ALGORITHM,
  generateKeyPairs,
  type KeyAlgorithmName,
  type KeyPair,
} from "../x509/keys.ts";
import type { PasswordSource } from "../x509/private-key.ts";
import { PROFILES } from "../x509/profiles.ts";
import { validityFor } from "../x509/validity.ts";
import { archiveMoves } from "./archive.ts";
import {
  caFiles,
  caRecord,
  checkMayIssueCa,
  type NewCa,
  replacedFiles,
  rootExists,
  rootReplaced,
  storedKey,
} from "./ca-files.ts";
import { chainFile, chainName } from "./chain-file.ts";
import type { Made } from "./create-ca.ts";
import { type Ca, openCa } from "./load-ca.ts";
import { supersededRows } from "./unique-subjects.ts";

/** Most intermediates of one chain: with root and leaf, as long as the paths that are looked for. */
export const MAX_INTERMEDIATES = 8;

export interface ChainOptions {
  /** Subjects, one common name each: the root's, then each intermediate's from the top; 2 to 9. */
  commonNames: readonly string[];
  now: Date;
  /** @default the kind that the folder's chain was made with, else "ec-p256" */
  algorithm?: KeyAlgorithmName;
  /** Lifetime of the root in days. @default 365 */
  rootDays?: number;
  /** Lifetime of each intermediate in days. @default 180 */
  intermediateDays?: number;
  /** Replaces the chain that is there; its files are moved to `old-<time>/`. @default false */
  force?: boolean;
  /** Stores the private keys encrypted. @default as the key of a root that is there, else unencrypted */
  password?: string;
  /** Asked for the password of a root that is there and stays. */
  unlock?: PasswordSource;
  /** @default {@link generateKeyPairs} */
  generateKeyPairs?: (algorithm: KeyAlgorithmName, count: number) => Promise<KeyPair[]>;
}

export interface MadeCa extends Made {
  name: string;
}

/**
 * Makes a root CA and a chain of intermediates, each issued by the one above it: `root`,
 * `intermediate`, `intermediate-2` and so on, with the scripts' chain file (lowest CA first, root
 * last). All of it is put in place in one change, and the keys are generated side by side.
 *
 * A root that is alone in the folder stays, and gets the intermediates: what an interrupted command
 * left, or a CA that was imported.
 *
 * @returns what was made, from the top; `archive` is the folder that replaced files were moved to
 * @throws {CaToolsError} `exists` when there is a chain, unless forced; `invalid-name` for too many or
 * too few names; `not-a-ca` when a root that stays allows no such chain (pathLen, RFC 5280 §4.2.1.9);
 * `password-required`, `wrong-password` for its key
 */
export async function createChain(
  folder: string,
  options: ChainOptions,
): Promise<{ made: MadeCa[]; archive?: string }> {
  const { commonNames, force = false } = options;
  checkCount(commonNames);
  const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
  const kept = force ? undefined : await rootAlone(folder, registry, options.unlock);
  if (!force && registry.cas.length > 0 && kept === undefined) throw rootExists(folder);
  if (kept !== undefined) checkMayIssueCa(kept.ca.chain, commonNames.length - 1);
  const algorithm = options.algorithm ?? registry.algorithm ?? DEFAULT_KEY_ALGORITHM;
  const password = options.password ?? kept?.password;
  const made = await makeChain(kept?.ca, algorithm, { ...options, ...(password && { password }) });
  let archive: string | undefined;
  await changePki(folder, async (current) => {
    checkUnchanged(folder, current, kept?.ca, force);
    const moves = await archiveMoves(folder, options.now, force ? replacedFiles(current) : []);
    if (current.cas.length > 0) archive = moves[0]?.to.split("/")[0];
    const certificates = made.map(({ certificate }) => certificate);
    const above = kept?.ca.chain ?? [];
    // The root is in no list of issued certificates.
    const issued = made.flatMap(({ issuer, certificate }) => (issuer === null ? [] : certificate));
    return {
      moves,
      files: [...made.flatMap(caFiles), chainFile([...certificates.reverse(), ...above])],
      rows: issued.map(indexRow),
      revocations: await supersededRows(folder, issued, { now: options.now, force: true }),
      registry: {
        ...current,
        algorithm,
        cas: [...(kept ? current.cas : []), ...made.map((ca) => caRecord(ca, null))],
      },
    };
  });
  const told = made.map(({ name, certificate, cutFrom }) => ({
    name,
    certificate,
    ...(cutFrom && { cutFrom }),
  }));
  return { made: told, ...(archive !== undefined && { archive }) };
}

function checkCount(commonNames: readonly string[]): void {
  const intermediates = commonNames.length - 1;
  if (intermediates >= 1 && intermediates <= MAX_INTERMEDIATES) return;
  throw new CaToolsError(
    "invalid-name",
    `a chain has 1 to ${MAX_INTERMEDIATES} intermediate CAs, not ${intermediates}`,
  );
}

async function rootAlone(
  folder: string,
  { cas, ...rest }: Registry,
  unlock: PasswordSource | undefined,
): Promise<{ ca: Ca; password: string | undefined } | undefined> {
  const isAlone = cas.length === 1 && cas[0]?.name === ROOT;
  return isAlone ? await openCa(folder, { ...rest, cas }, ROOT, unlock) : undefined;
}

function checkUnchanged(
  folder: string,
  { cas }: Registry,
  kept: Ca | undefined,
  force: boolean,
): void {
  if (force) return;
  if (kept === undefined && cas.length > 0) throw rootExists(folder);
  if (kept === undefined) return;
  if (cas.length > 1) throw rootExists(folder);
  if (cas[0]?.sha256 !== kept.certificate.sha256) throw rootReplaced(folder);
}

type ChainCa = NewCa & { cutFrom?: Date };

/** @param top - the root that is there; undefined makes one */
async function makeChain(
  top: Issuer | undefined,
  algorithm: KeyAlgorithmName,
  options: ChainOptions,
): Promise<ChainCa[]> {
  const { commonNames, generateKeyPairs: generate = generateKeyPairs } = options;
  const first = top === undefined ? 0 : 1;
  const keys = await generate(algorithm, commonNames.length - first);
  const made: ChainCa[] = [];
  let issuer = top;
  for (const [at, { publicKey, privateKey }] of keys.entries()) {
    const depth = at + first;
    const { cutFrom, ...dates } = lifetime(depth, issuer, options);
    const certificate = await issueCertificate({
      profile: depth === 0 ? "root" : "intermediate",
      subject: { commonName: commonNames[depth] ?? "" },
      publicKey,
      issuer: issuer ?? { selfSigned: privateKey },
      ...dates,
    });
    made.push({
      name: nameAt(depth),
      issuer: depth === 0 ? null : nameAt(depth - 1),
      certificate,
      keyPem: "",
      ...(cutFrom && { cutFrom }),
    });
    issuer = { certificate, privateKey };
  }
  // Deriving takes a tenth of a second for each key.
  const stored = await Promise.all(
    keys.map(({ privateKey }) => storedKey(privateKey, options.password)),
  );
  return made.map((ca, at) => ({ ...ca, keyPem: stored[at] ?? "" }));
}

const nameAt = (depth: number) => (depth === 0 ? ROOT : chainName(depth));

function lifetime(depth: number, issuer: Issuer | undefined, options: ChainOptions) {
  const { now, rootDays, intermediateDays } = options;
  return depth === 0
    ? validityFor(now, rootDays ?? PROFILES.root.days)
    : validityFor(now, intermediateDays ?? PROFILES.intermediate.days, issuer?.certificate);
}
