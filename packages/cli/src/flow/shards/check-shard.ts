import { type Registry, refuseRootKey } from "@dps-certs/ca-tools";
import type { Context } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ShardChoice } from "./choose-shard.ts";

/**
 * Looks at the PKI folder before devices of a part are made in it. Says of all devices that are made in
 * a shard's folder that they are.
 *
 * @param shard - undefined where all are made
 * @throws {CaToolsError} `root-key`; {CliError} `drift` for the folder of another shard
 */
export async function checkShard(
  { pki, report }: Pick<Context, "pki" | "report">,
  registry: Registry,
  shard: ShardChoice | undefined,
): Promise<void> {
  if (shard === undefined) {
    if (registry.shard === undefined) return;
    const part = `--shard ${registry.shard}/N`;
    report.warn(`${pki} is of shard ${registry.shard}, and all devices are made here: see ${part}`);
    return;
  }
  await refuseRootKey(pki, registry);
  const { index, count, variables } = shard;
  if (registry.shard !== undefined && registry.shard !== index) {
    throw new CliError("drift", `${pki} is of shard ${registry.shard}, not of ${index}`, {
      hint: "give each machine the folder of its shard: devices of one part are signed by one CA",
    });
  }
  const said = variables.length === 0 ? "" : `, says ${variables.join(" and ")}`;
  report.note(`shard ${index} of ${count}, counted from 0${said}`);
}
