/** The PKI folder of one shard: the root's certificate, and an intermediate CA with its key. */
import { randomBytes } from "node:crypto";
import { lstat, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { CaToolsError } from "../../errors.ts";
import {
  createFlushed,
  isMissing,
  listNames,
  onPath,
  PUBLIC_MODE,
  syncFolder,
} from "../../folder/files.ts";
import { caPaths, FIRST_INTERMEDIATE, ROOT, TEMPORARY } from "../../folder/layout.ts";
import type { HeldLock } from "../../folder/lock.ts";
import { changePki, openPki } from "../../folder/pki.ts";
import type { Registry } from "../../folder/registry.ts";
import type { Certificate } from "../../x509/certificate.ts";
import type { KeyAlgorithmName } from "../../x509/keys.ts";
import { caFiles, caRecord } from "../ca-files.ts";
import { chainFile } from "../chain-file.ts";
import { readCaCertificate } from "../load-ca.ts";

/** Name of a shard's CA in the root's folder, and of the folder that its key is in. */
export const shardName = (index: number): string => `shard-${index}`;

const DRAFT = `${TEMPORARY}shard-`;

export interface NewShard {
  index: number;
  root: Certificate;
  certificate: Certificate;
  /** PKCS#8, encrypted or not. A secret. */
  keyPem: string;
  algorithm: KeyAlgorithmName;
}

/**
 * Writes the folder of a shard below `out`, whole or not at all. Its CA has the name that the first
 * intermediate of any folder has, so that all shards' files are called alike.
 *
 * @param lock - on `out`
 * @returns the folder
 */
export async function writeShard(out: string, shard: NewShard, lock: HeldLock): Promise<string> {
  const draft = join(out, `${DRAFT}${randomBytes(6).toString("hex")}`);
  await onPath(draft, () => mkdir(draft, { mode: 0o700 }));
  // All of it is as secret as its key, in whichever repository it ends up.
  await createFlushed(join(draft, ".gitignore"), "*\n", PUBLIC_MODE);
  await changePki(draft, () => firstChange(shard));
  await lock.assertHeld();
  const folder = join(out, shardName(shard.index));
  await onPath(folder, () => rename(draft, folder));
  await syncFolder(out);
  return folder;
}

function firstChange({ index, root, certificate, keyPem, algorithm }: NewShard) {
  // The list of what the root issued, and a copy of it, are in the root's folder.
  const files = caFiles({ name: FIRST_INTERMEDIATE, issuer: null, certificate, keyPem });
  const top = { name: ROOT, issuer: null, certificate: root, keyPem: "" };
  const own = { name: FIRST_INTERMEDIATE, issuer: ROOT, certificate, keyPem };
  const registry: Registry = {
    version: 1,
    algorithm,
    shard: index,
    cas: [{ ...caRecord(top, null), keyElsewhere: true }, caRecord(own, null)],
  };
  const rootFile = { path: caPaths(ROOT).certificate, data: root.pem };
  return { files: [rootFile, ...files, chainFile([certificate, root])], registry };
}

/**
 * The certificate of the shard's CA; undefined where there is no such folder, or an empty one.
 *
 * @throws {CaToolsError} `exists` for a folder that is not this shard's, or of another root
 */
export async function readShard(
  out: string,
  index: number,
  root: Certificate,
): Promise<Certificate | undefined> {
  const folder = join(out, shardName(index));
  if (!(await isThere(folder))) return undefined;
  const registry = await openPki(folder);
  if (registry === undefined && (await listNames(folder)).length === 0) return undefined;
  const find = (name: string) => registry?.cas.find((ca) => ca.name === name);
  const own = find(FIRST_INTERMEDIATE);
  const isOurs = registry?.shard === index && find(ROOT)?.sha256 === root.sha256;
  if (isOurs && own !== undefined) return await readCaCertificate(folder, own);
  throw new CaToolsError("exists", `${folder} is not shard ${index} of ${root.subject}`, {
    file: folder,
    hint: "name another folder for the shards with --out",
  });
}

/** A file of that name, or a link that leads nowhere, is there too. */
async function isThere(path: string): Promise<boolean> {
  try {
    await onPath(path, () => lstat(path));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Removes what killed commands left: folders of keys that no certificate in use belongs to. */
export async function removeDrafts(out: string, lock: HeldLock): Promise<void> {
  for (const name of (await listNames(out)).filter((one) => one.startsWith(DRAFT))) {
    await lock.assertHeld();
    await rm(join(out, name), { recursive: true, force: true });
  }
}
