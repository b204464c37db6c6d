import {
  createShards as create,
  createRoot,
  findCa,
  type KeyAlgorithmName,
  type PasswordSource,
  ROOT,
  readCaCertificate,
  type Shard,
} from "@dps-certs/ca-tools";
import type { Context } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { shortPath } from "../../output/text.ts";
import { currentSubject } from "../ca-commands.ts";
import { loadRoot, readRegistry, warnCut, warnTestOnly } from "../ca-steps.ts";
import { caLine } from "../chain-steps.ts";
import { certificateNameFor, rootCommonName, shardCommonName } from "../names.ts";
import { shellWord } from "../shell-quoting.ts";

export interface CreateShardsOptions {
  count: number;
  /** Absolute folder for theirs. */
  out: string;
  /** @default the subject of the root that is there */
  subject: string | undefined;
  /** @default as the chain that is there */
  algorithm: string | undefined;
  /** Of a root that is made. */
  rootDays: number | undefined;
  intermediateDays: number | undefined;
  /** Makes another CA for a shard whose folder is not in `out`. */
  force: boolean;
  /** For the key of a root that is made. */
  password: string | undefined;
  /** For the shards' keys. @default that of the root's key */
  shardPassword: string | undefined;
  /** For the key of a root that is there. */
  unlock: PasswordSource;
}

/** Makes what is missing: the root, where there is none, and a folder with a CA below it for each shard. */
export async function createShards(context: Context, options: CreateShardsOptions): Promise<void> {
  const { pki, io, report } = context;
  const { count, out, algorithm, intermediateDays: days, unlock, shardPassword } = options;
  if (out === pki) throw usageError("--out is the PKI folder itself", "for instance --out shards");
  const subject = options.subject ?? (await currentSubject(pki)) ?? "dps-certs Test";
  if ((await loadRoot({ pki })) === undefined) await makeRoot(context, subject, options);
  const password = shardPassword ?? options.password;
  const show = (shard: Shard) => tell(context, shard);
  const { shards, replaced } = await create(pki, {
    count,
    out,
    commonName: (index) => shardCommonName(subject, index),
    now: io.now(),
    unlock,
    onShard: show,
    force: options.force,
    ...(algorithm !== undefined && { algorithm: algorithm as KeyAlgorithmName }),
    ...(days !== undefined && { days }),
    ...(password !== undefined && { password }),
  });
  for (const shard of shards) if (shard.state !== "made") show(shard);
  for (const { name, serialNumber } of replaced) {
    report.warn(
      `the earlier CA of ${name} stays valid: give the new one to its group, and revoke the other with: dps-certs ca revoke ${serialNumber}`,
    );
  }
  const isMade = shards.some(({ state }) => state === "made");
  if (isMade && password === undefined) await warnSharedPassword(context);
  await noteEnrolling(context, count);
  report.result(shards.map(describe), "");
}

async function makeRoot(
  { pki, io, report }: Context,
  subject: string,
  { algorithm, rootDays, password }: CreateShardsOptions,
): Promise<void> {
  const { certificate } = await createRoot(pki, {
    commonName: rootCommonName(subject),
    now: io.now(),
    ...(algorithm !== undefined && { algorithm: algorithm as KeyAlgorithmName }),
    ...(rootDays !== undefined && { days: rootDays }),
    ...(password !== undefined && { password }),
  });
  report.step("done", "root CA", caLine(certificate, shortPath(io.cwd, pki)));
  warnTestOnly(report, { encrypted: password !== undefined });
}

function tell({ io, report }: Context, shard: Shard): void {
  const { name, state, certificate, folder } = shard;
  const place = shortPath(io.cwd, folder);
  const where = state === "away" ? `made before; not in ${place} any more` : place;
  report.step(state === "made" ? "done" : "already", name, caLine(certificate, where));
  warnCut(report, certificate.subject, shard);
  if (certificate.notAfter >= io.now()) return;
  const mend = `move ${place} away, and say --force for another`;
  report.warn(`${certificate.subject} expired at ${certificate.notAfter.toISOString()}: ${mend}`);
}

async function warnSharedPassword({ pki, report }: Context): Promise<void> {
  if (!(await loadRoot({ pki }))?.isEncrypted) return;
  report.warn(
    "the shards' keys are under the password of the root's, which their machines thus learn; --shard-password-file gives them another",
  );
}

/** What the service needs before the shards' devices can register. */
async function noteEnrolling({ pki, io, report }: Context, count: number): Promise<void> {
  const root = await readCaCertificate(pki, findCa(await readRegistry(pki), ROOT));
  const path = shortPath(io.cwd, pki);
  const folder = path === "pki" ? "" : ` --pki ${shellWord(path)}`;
  report.note("the service needs the root, verified, and a group for each shard:");
  report.note(`  dps-certs certificate upload root${folder}`);
  report.note(`  dps-certs certificate verify ${certificateNameFor(root)}${folder}`);
  const group = `dps-certs group create fleet-$i --ca shard-$i${folder}`;
  report.note(`  for i in $(seq 0 ${count - 1}); do ${group}; done`);
}

const describe = ({ index, name, folder, state, certificate }: Shard) => ({
  shard: index,
  name,
  state,
  folder,
  subject: certificate.subject,
  serialNumber: certificate.serialNumber,
  sha256: certificate.sha256,
  notAfter: certificate.notAfter.toISOString(),
});
