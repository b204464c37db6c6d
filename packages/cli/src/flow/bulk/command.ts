import { resolve } from "node:path";
import {
  type Ca,
  createFleet,
  type FleetOutput,
  type FleetResult,
  fleetRunName,
  type KeyAlgorithmName,
  loadCa,
  type PasswordSource,
} from "@dps-certs/ca-tools";
import type { Context } from "../../command.ts";
import { explainInterrupt } from "../../io.ts";
import { createProgress, type Progress } from "../../output/progress.ts";
import { plural, shortPath } from "../../output/text.ts";
import { readRegistry } from "../ca-steps.ts";
import type { NewSecrets } from "../device-secrets.ts";
import { defaultIssuer } from "../issuer-choice.ts";
import { checkShard } from "../shards/check-shard.ts";
import type { ShardChoice } from "../shards/choose-shard.ts";
import { inputOfShard } from "../shards/shard-input.ts";
import { type BulkInput, type BulkSource, openBulkInput } from "./input.ts";
import { atMost, MAX_FLAT_DEVICES, primed, tooManyFiles } from "./limits.ts";
import { deviceStream } from "./outlet.ts";
import { type BulkReport, openBulkReport } from "./report.ts";

export interface BulkOptions {
  source: BulkSource;
  /** Only this part of the devices. @default all */
  shard: ShardChoice | undefined;
  as: "files" | "ndjson";
  /** A folder for files, a file for NDJSON. @default the PKI folder, standard output */
  out: string | undefined;
  issuer: string | undefined;
  days: number | undefined;
  algorithm: string | undefined;
  /** Makes devices also where index.txt lists valid certificates of theirs. */
  force: boolean;
  failFast: boolean;
  /** File for what failed. */
  report: string | undefined;
  password: PasswordSource;
  secrets: () => Promise<NewSecrets>;
}

/**
 * Makes many devices. Whatever interrupts it, it goes on when it is called again.
 *
 * @returns the exit status: 1 where rows failed
 */
export async function createManyDevices(context: Context, options: BulkOptions): Promise<number> {
  const { io, pki, report } = context;
  const { as, out, source, shard } = options;
  const registry = await readRegistry(pki);
  await checkShard(context, registry, shard);
  const name = options.issuer ?? defaultIssuer(registry, pki);
  const output = outputOf(context, options);
  const all = await openBulkInput(io.cwd, source, io.stdin);
  const input = shard === undefined ? all : inputOfShard(all, shard);
  const protection = await options.secrets();
  const issuer = await loadCa(pki, registry, name, options.password);
  const rows = await primed(
    output.kind === "flat" ? atMost(input.rows, MAX_FLAT_DEVICES) : input.rows,
  );
  const told = openBulkReport(report, {
    path: options.report === undefined ? undefined : resolve(io.cwd, options.report),
    isLast: options.failFast,
  });
  const progress = progressOf(context, input);
  const release = explainInterrupt(io);
  try {
    const result = await createFleet(pki, rows, {
      issuer,
      now: io.now,
      output,
      run: runName(context, options, issuer, protection),
      distinct: input.distinct,
      failFast: options.failFast,
      force: options.force,
      onBadRow: told.failed,
      onProgress: progress.made,
      ...protection,
      ...(options.days !== undefined && { days: options.days }),
      ...(options.algorithm !== undefined && { algorithm: options.algorithm as KeyAlgorithmName }),
    });
    progress.end();
    for (const device of result.repeated) told.repeated(device);
    const path = out === undefined ? pki : resolve(io.cwd, out);
    const isStream = as === "ndjson" && out === undefined;
    tell(context, { result, issuer, told, place: isStream ? undefined : shortPath(io.cwd, path) });
    return result.failed > 0 ? 1 : 0;
  } catch (error) {
    throw told.atLine(error);
  } finally {
    progress.end();
    release();
    told.close();
  }
}

function outputOf(
  { io, report, yes }: Context,
  { as, out, source, shard }: BulkOptions,
): FleetOutput {
  const path = out === undefined ? undefined : resolve(io.cwd, out);
  if (as === "ndjson") {
    return path === undefined ? deviceStream(io, report, yes) : { kind: "file", path };
  }
  if (path !== undefined) return { kind: "fanned", folder: path };
  if (shard === undefined && source.kind === "count" && source.count > MAX_FLAT_DEVICES)
    throw tooManyFiles();
  return { kind: "flat" };
}

/** Everything that the devices of a run have in common: the same again goes on. */
function runName(
  { io }: Context,
  { source, shard, as, out, days, algorithm }: BulkOptions,
  { certificate }: Ca,
  { keyPassword, pfx }: NewSecrets,
): string {
  const isFile = source.kind === "file" && !/^(?:-|\/dev\/stdin)$/.test(source.from);
  return fleetRunName({
    source: isFile ? { ...source, from: resolve(io.cwd, source.from) } : source,
    shard: shard && [shard.index, shard.count],
    as,
    out: out === undefined ? null : resolve(io.cwd, out),
    days,
    algorithm,
    issuer: certificate.sha256,
    isEncrypted: keyPassword !== undefined,
    pfx: pfx?.form,
  });
}

/** Begins with the first batch: only then it is known how many an earlier run has made. */
function progressOf({ io, report }: Context, { total, fraction }: BulkInput) {
  let [progress, shown]: [Progress | undefined, number] = [undefined, 0];
  return {
    made: (made: number, earlier: number) => {
      progress ??= createProgress(report, io, {
        title: "making devices",
        noun: "device",
        ...(total !== undefined && { total: total - earlier }),
        fraction,
      });
      progress.add(made - shown);
      shown = made;
    },
    end: () => {
      progress?.end();
      progress = undefined;
    },
  };
}

interface Told {
  result: FleetResult;
  issuer: Ca;
  /** Undefined for standard output. */
  place: string | undefined;
  told: BulkReport;
}

function tell({ report }: Context, { result, issuer, place, told }: Told): void {
  const { made, earlier, failed, repeated, cut } = result;
  const where = place === undefined ? "" : `${place}   `;
  const signer = `signed by ${issuer.certificate.subject}`;
  report.step(made > 0 ? "done" : "already", plural(made, "device"), `${where}${signer}`);
  if (earlier > 0)
    report.note(`${plural(earlier, "device")} had been made before it was interrupted`);
  if (cut !== undefined) {
    report.warn(
      `${cut.id} and others end with their issuer, on ${cut.notAfter.toISOString()} and not on ${cut.asked.toISOString()}`,
    );
  }
  if (failed > 0) report.step("failed", plural(failed, "row"), "no device was made of them");
  if (place === undefined) return;
  report.result({ made, earlier, failed, failures: told.failures, repeated, output: place }, "");
}
