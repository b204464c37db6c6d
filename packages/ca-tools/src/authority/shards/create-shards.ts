/** Issuing CAs for several machines, each in a PKI folder of its own that holds no root key. */
import { mkdir } from "node:fs/promises";
import { CaToolsError } from "../../errors.ts";
import { inBatches } from "../../folder/batches.ts";
import { onPath } from "../../folder/files.ts";
import { ROOT } from "../../folder/layout.ts";
import { type HeldLock, withLock } from "../../folder/lock.ts";
import { openPki } from "../../folder/pki.ts";
import { issueCertificate } from "../../x509/issue.ts";
import { DEFAULT_KEY_ALGORITHM, generateKeyPairs, type KeyAlgorithmName } from "../../x509/keys.ts";
import type { PasswordSource } from "../../x509/private-key.ts";
import { PROFILES } from "../../x509/profiles.ts";
import { validityFor } from "../../x509/validity.ts";
import { checkMayIssueCa, storedKey } from "../ca-files.ts";
import { type Ca, findCa, openCa, readCaCertificate } from "../load-ca.ts";
import { findShards, type Shard } from "./find-shards.ts";
import { type ReplacedShard, recordShards } from "./record-shards.ts";
import { removeDrafts, shardName, writeShard } from "./shard-folder.ts";

/** As many as a service has enrollment groups of X.509 CAs. */
export const MAX_SHARDS = 100;

export interface ShardOptions {
  /** How many there are to be, those that are there included: 1 to 100. */
  count: number;
  /** Folder that theirs are put into: `shard-0` and so on. Made for its owner alone where there is none. */
  out: string;
  /** Subject of a shard's CA: one common name, another for each. */
  commonName: (index: number) => string;
  now: Date;
  /** @default the kind that the folder's chain was made with, else "ec-p256" */
  algorithm?: KeyAlgorithmName;
  /** Lifetime of each CA in days. @default 180 */
  days?: number;
  /** Stores the private keys encrypted. @default as the root's key is stored */
  password?: string;
  /** Asked for the password of the root's key when that is encrypted. */
  unlock?: PasswordSource;
  /**
   * Makes another CA for a shard whose folder is not below `out`, as it is lost or its time is over. The
   * earlier certificate is moved to `old-<time>/`; it stays valid unless it is revoked. @default false
   */
  force?: boolean;
  /** Takes each shard when its folder is in place, in their order. */
  onShard?: (shard: Shard) => void;
}

export interface MadeShards {
  /** All of them, in their order. */
  shards: Shard[];
  replaced: ReplacedShard[];
}

/** Keys that are generated side by side; what is killed behind them is there already. */
const AT_ONCE = 8;

/**
 * Makes what is missing of the shards of a folder with a root's key. Each is put in place whole; then all
 * are recorded, without their keys, as CAs of the root's folder: for `revoke`, and for the root's CRL.
 * Once more makes nothing that is there, nor, unless forced, in place of a shard whose folder was moved
 * away; and records what a killed command had not.
 *
 * @throws {CaToolsError} `not-found` without a root; `exists` where something else has a shard's name;
 * `not-a-ca` (pathLen, RFC 5280 §4.2.1.9); `key-elsewhere`, `password-required`, `wrong-password`;
 * `invalid-name` for another count; `locked`
 */
export async function createShards(folder: string, options: ShardOptions): Promise<MadeShards> {
  const { count, out, now, unlock, force = false } = options;
  checkCount(count);
  const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
  const root = await readCaCertificate(folder, findCa(registry, ROOT));
  const look = () => findShards(folder, registry, { out, count, root, force });
  const open = () => openCa(folder, registry, ROOT, unlock);
  // A password is asked for, and what is refused is refused, before anything is made or locked.
  const signer = (await look()).includes(undefined) ? await open() : undefined;
  if (signer !== undefined) checkMayIssueCa(signer.ca.chain);
  await onPath(out, () => mkdir(out, { recursive: true, mode: 0o700 }));
  return await onPath(out, () =>
    withLock(out, async (lock) => {
      await removeDrafts(out, lock);
      const known = await look();
      const missing = known.flatMap((shard, index) => (shard === undefined ? [index] : []));
      const { algorithm = registry.algorithm } = options;
      const made =
        missing.length === 0
          ? []
          : await makeShards(signer ?? (await open()), missing, { ...options, algorithm }, lock);
      const shards = known.map(
        (shard, index) => shard ?? (made.find((one) => one.index === index) as Shard),
      );
      return { shards, replaced: await recordShards(folder, root, { shards, now }) };
    }),
  );
}

function checkCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_SHARDS) return;
  throw new CaToolsError("invalid-name", `there are 1 to ${MAX_SHARDS} shards, not ${count}`);
}

type Settled = Omit<ShardOptions, "algorithm" | "password"> & {
  algorithm?: KeyAlgorithmName | undefined;
  password?: string | undefined;
};

async function makeShards(
  { ca: root, password }: Awaited<ReturnType<typeof openCa>>,
  indexes: readonly number[],
  options: Settled,
  lock: HeldLock,
): Promise<Shard[]> {
  const settled = { ...options, password: options.password ?? password };
  const made: Shard[] = [];
  for (let at = 0; at < indexes.length; at += AT_ONCE) {
    const some = await makeSome(root, indexes.slice(at, at + AT_ONCE), settled, lock);
    for (const shard of some) options.onShard?.(shard);
    made.push(...some);
  }
  return made;
}

async function makeSome(
  root: Ca,
  indexes: readonly number[],
  options: Settled,
  lock: HeldLock,
): Promise<Shard[]> {
  const { out, commonName, now, algorithm = DEFAULT_KEY_ALGORITHM, password, days } = options;
  const { cutFrom, ...dates } = validityFor(
    now,
    days ?? PROFILES.intermediate.days,
    root.certificate,
  );
  const keys = await generateKeyPairs(algorithm, indexes.length);
  return await inBatches(keys, async ({ publicKey, privateKey }, at): Promise<Shard> => {
    const index = indexes[at] ?? 0;
    const certificate = await issueCertificate({
      profile: "intermediate",
      subject: { commonName: commonName(index) },
      publicKey,
      issuer: root,
      ...dates,
    });
    const keyPem = await storedKey(privateKey, password);
    const shard = { index, root: root.certificate, certificate, keyPem, algorithm };
    const folder = await writeShard(out, shard, lock);
    const cut = cutFrom && { cutFrom };
    return { index, name: shardName(index), folder, certificate, state: "made", ...cut };
  });
}
