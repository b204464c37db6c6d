/** Which part of a fleet a machine makes, as it is told. */
import { quote } from "../../args.ts";
import { usageError } from "../../errors.ts";

export interface ShardChoice {
  /** From 0. */
  index: number;
  /** How many parts there are. */
  count: number;
  /** Which variables of the environment said so; none where the command line did. */
  variables: readonly string[];
}

/** What Kubernetes tells each pod of an Indexed Job, and how many shards there are. */
const [INDEX, COUNT] = ["JOB_COMPLETION_INDEX", "SHARDS"] as const;

/** As many as `ca create --shards` makes. */
const MAX_COUNT = 100;

/**
 * What `--shard` says: `3/10`, or `3` with the count in SHARDS. Without the option, both variables
 * together say it.
 *
 * @returns undefined where nothing says that this is a part
 * @throws {CliError} `usage` for half of it, or numbers that do not fit
 */
export function chooseShard(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): ShardChoice | undefined {
  const count = env[COUNT];
  if (option?.includes("/")) return partOf(option, []);
  if (option !== undefined) {
    if (!count) throw noCount(option);
    return partOf(`${option}/${count}`, [COUNT]);
  }
  // Every Indexed Job has an index; it says nothing alone.
  if (!count) return undefined;
  const index = env[INDEX];
  if (!index) throw noIndex(count);
  return partOf(`${index}/${count}`, [INDEX, COUNT]);
}

function partOf(text: string, variables: readonly string[]): ShardChoice {
  const [, index = "", count = ""] = /^(\d{1,3})\/(\d{1,3})$/.exec(text) ?? [];
  const part = { index: Number(index), count: Number(count), variables };
  if (part.index < part.count && part.count <= MAX_COUNT) return part;
  throw noPart(text, variables);
}

function noPart(text: string, variables: readonly string[]) {
  const from = variables.length === 0 ? "--shard" : `the shard of ${variables.join(" and ")}`;
  return usageError(
    `${from} is ${quote(text)}, which is no part of 1 to ${MAX_COUNT}`,
    "with 10 parts the first is 0/10, the last 9/10",
  );
}

const noIndex = (count: string) =>
  usageError(
    `${COUNT} is ${quote(count)}, and nothing says which of them this is`,
    `say --shard 0/N, or set ${INDEX}, as an Indexed Job does; for all devices unset ${COUNT}`,
  );

const noCount = (option: string) =>
  usageError(
    `--shard ${quote(option)} does not say of how many parts`,
    `for instance 0/10; or set ${COUNT}`,
  );
