import { CaToolsError } from "../../errors.ts";
import { indexRow } from "../../folder/index-file.ts";
import { caPaths, ROOT } from "../../folder/layout.ts";
import { changePki, openPki, type Plan } from "../../folder/pki.ts";
import type { CaRecord, Registry } from "../../folder/registry.ts";
import type { Certificate } from "../../x509/certificate.ts";
import { isIssuedBy } from "../../x509/paths.ts";
import { archiveMoves } from "../archive.ts";
import { caRecord, rootReplaced } from "../ca-files.ts";
import { findCa, readCaCertificate } from "../load-ca.ts";
import { supersededRows } from "../unique-subjects.ts";

interface NamedShard {
  name: string;
  certificate: Certificate;
}

/** A CA that another took the place of: it stays valid. */
export interface ReplacedShard {
  name: string;
  /** Upper-case hex. */
  serialNumber: string;
}

/**
 * Lists the CAs of shards in the root's folder, with their certificates and without their keys. Those
 * that are listed are left alone; the certificate of another that is listed under the name is archived.
 *
 * @throws {CaToolsError} `locked` where the root was replaced meanwhile; `invalid-certificate` for a shard
 * that it did not sign
 */
export async function recordShards(
  folder: string,
  root: Certificate,
  { shards, now }: { shards: readonly NamedShard[]; now: Date },
): Promise<ReplacedShard[]> {
  const registry = await openPki(folder);
  if (registry !== undefined && unlisted(registry, shards).length === 0) return [];
  for (const { name, certificate } of shards) {
    if (!isIssuedBy(certificate, root)) throw stranger(folder, name, root);
  }
  let replaced: ReplacedShard[] = [];
  await changePki(folder, async (current) => {
    if (findCa(current, ROOT).sha256 !== root.sha256) throw rootReplaced(folder);
    const added = unlisted(current, shards);
    const names = new Set(added.map(({ name }) => name));
    const old = current.cas.filter(({ name }) => names.has(name));
    replaced = await Promise.all(old.map((record) => serialOf(folder, record)));
    const certificates = added.map(({ certificate }) => certificate);
    return {
      ...listing(current, added),
      moves: await archiveMoves(
        folder,
        now,
        old.flatMap(({ name }) => Object.values(caPaths(name))),
      ),
      revocations: await supersededRows(folder, certificates, { now, force: true }),
    };
  });
  return replaced;
}

function unlisted<T extends NamedShard>({ cas }: Registry, shards: readonly T[]): T[] {
  const listed = new Set(cas.map(({ name, sha256 }) => `${name} ${sha256}`));
  return shards.filter(({ name, certificate }) => !listed.has(`${name} ${certificate.sha256}`));
}

const serialOf = async (folder: string, record: CaRecord): Promise<ReplacedShard> => ({
  name: record.name,
  serialNumber: (await readCaCertificate(folder, record)).serialNumber,
});

function listing(registry: Registry, shards: readonly NamedShard[]): Plan {
  const records = shards.map(({ name, certificate }): CaRecord => {
    const { generation = 0 } = registry.cas.find((ca) => ca.name === name) ?? {};
    const record = caRecord({ name, issuer: ROOT, certificate, keyPem: "" }, null);
    return { ...record, generation: generation + 1, keyElsewhere: true };
  });
  const names = new Set(records.map(({ name }) => name));
  const kept = registry.cas.filter(({ name }) => !names.has(name));
  return {
    files: shards.flatMap(({ name, certificate }) => [
      { path: caPaths(name).certificate, data: certificate.pem },
      { path: `newcerts/${certificate.serialNumber}.pem`, data: certificate.pem },
    ]),
    rows: shards.map(({ certificate }) => indexRow(certificate)),
    registry: { ...registry, cas: [...kept, ...records] },
  };
}

function stranger(folder: string, name: string, root: Certificate): CaToolsError {
  return new CaToolsError("invalid-certificate", `${name} was not signed by ${root.subject}`, {
    file: folder,
    hint: "name another folder for the shards with --out",
  });
}
