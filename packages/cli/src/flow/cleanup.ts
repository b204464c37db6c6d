import { archiveGroup, openPki, readChain } from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { explainInterrupt } from "../io.ts";
import { withConnection } from "../target/connect.ts";
import type { Connection } from "../target/connection.ts";
import { groupRecord, loadGroupCa, loadRoot, readRegistry } from "./ca-steps.ts";
import { type CleanupPlan, type Item, planCleanup } from "./cleanup-plan.ts";

export interface CleanupOptions {
  group: string;
  /** Moves the group's intermediate and devices in the PKI folder to `old-<time>/`. */
  local: boolean;
}

/** Lists what is to go, has it confirmed, deletes it, and looks whether it is gone. */
export async function cleanup(context: Context, options: CleanupOptions): Promise<void> {
  const { group, local } = options;
  await openPki(context.pki);
  const done = explainInterrupt(context.io);
  // Where there is no state there is nothing to delete, and none is made.
  await withConnection(context, { readOnly: true }, async (connection) => {
    const plan = await planFor(context, group, connection);
    const record = groupRecord(await readRegistry(context.pki), group);
    const localCa = local ? record?.name : undefined;
    show(context, plan, localCa !== undefined);
    if (plan.items.length > 0 || localCa !== undefined) await confirm(context);
    for (const item of plan.items) await deleteItem(context, item);
    const archive = localCa === undefined ? null : await moveLocalFiles(context, localCa);
    tell(context, group, plan, archive);
  }).finally(done);
}

async function planFor(
  context: Context,
  group: string,
  connection: Connection,
): Promise<CleanupPlan> {
  const { pki, report, io } = context;
  const input = { pki, group, connection, now: io.now, report };
  const [root, intermediate] = await Promise.all([loadRoot(input), loadGroupCa(input)]);
  const cas = { root: root?.certificate, intermediate: intermediate?.certificate };
  const registry = await readRegistry(pki);
  const chains = await Promise.all(registry.cas.map((ca) => readChain(pki, registry, ca)));
  return await planCleanup({ group, connection, ...cas, chains });
}

function show({ report }: Context, { items, kept }: CleanupPlan, local: boolean): void {
  for (const { title, name, reason } of kept) {
    report.step("already", title, `${name}   kept: ${reason}`);
  }
  for (const { title, name } of items) report.step("todo", title, `${name}   to be deleted`);
  if (local) report.step("todo", "local files", "to be moved to old-<time>/");
}

async function confirm({ yes, io }: Context): Promise<void> {
  if (yes) return;
  if (io.confirm === undefined) {
    throw new CliError("not-confirmed", "cleanup deletes, and there is no terminal to ask on", {
      hint: "say --yes to go ahead",
    });
  }
  if (await io.confirm("Go ahead?")) return;
  throw new CliError("not-confirmed", "nothing was deleted");
}

async function deleteItem({ report }: Context, item: Item): Promise<void> {
  await item.remove();
  if (await item.isThere()) {
    throw new CliError("not-read-back", `${item.title} ${item.name} is still there`, {
      hint: "somebody else may be making it again; run the command again",
    });
  }
  report.step("done", item.title, `${item.name}   deleted`);
}

async function moveLocalFiles({ pki, io, report }: Context, ca: string): Promise<string> {
  const archive = await archiveGroup(pki, { ca, now: io.now() });
  // Where the folder's top signs the devices itself and has signed none, there is nothing to move.
  const outcome = archive === "" ? "the CA is free again" : `moved to ${archive}/`;
  report.step("done", "local files", outcome);
  return archive;
}

function tell({ report }: Context, group: string, plan: CleanupPlan, archive: string | null): void {
  const deleted = plan.items.map(({ id, name }) => ({ kind: id, name }));
  const kept = plan.kept.map(({ id, name, reason }) => ({ kind: id, name, reason }));
  const isChanged = deleted.length > 0 || archive !== null;
  const text = isChanged ? `${group} is cleaned up\n` : `nothing of ${group} to clean up\n`;
  report.result({ group, deleted, kept, archive }, text);
}
