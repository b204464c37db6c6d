import type { Context } from "../command.ts";
import { plural, shortPath } from "../output/text.ts";
import { loadGroupCa, loadRoot } from "./ca-steps.ts";
import { enroll } from "./enroll.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { isUploadOf } from "./names.ts";
import type { StepResult } from "./step.ts";

/** Enrolls, and says in the end what there is now. */
export async function enrollAndReport(
  input: EnrollInput,
  { io, report }: Pick<Context, "io" | "report">,
  { dryRun }: { dryRun: boolean },
): Promise<void> {
  const { group, connection, deviceIds = [] } = input;
  const steps = await enroll(input, { dryRun });
  const result = {
    group,
    changed: steps.some(({ status }) => status === "done"),
    dryRun,
    service: { hostName: connection.hostName, idScope: connection.idScope },
    pki: input.pki,
    steps,
    devices: deviceIds,
  };
  report.result(result, `${summary(input, steps, dryRun)}\n`);
  if (dryRun || !result.changed) return;
  if (input.replace) await noteOtherCas(input);
  const ca = await loadGroupCa(input);
  if (ca === undefined) return;
  const until = ca.certificate.notAfter.toISOString().slice(0, 10);
  const signer = ca.record.issuer === null ? "the CA" : "the intermediate CA";
  report.note(`files in ${shortPath(io.cwd, input.pki)}; ${signer} signs until ${until}`);
}

/** What was replaced here may still be trusted there; only its owner can know whether it is to go. */
async function noteOtherCas(input: EnrollInput): Promise<void> {
  const ours = [(await loadRoot(input))?.certificate, (await loadGroupCa(input))?.certificate];
  const all = await input.connection.certificates.list();
  const others = all.filter(
    (one) => one.properties.isVerified && !ours.some((ca) => isUploadOf(ca, one)),
  );
  if (others.length === 0) return;
  const names = others.map(({ name }) => name).join(", ");
  input.report.note(`the service goes on trusting CAs that are not this chain's: ${names}`);
}

function summary({ group }: EnrollInput, steps: readonly StepResult[], dryRun: boolean): string {
  const left = steps.filter(({ status }) => status === "todo").length;
  const done = steps.filter(({ status }) => status === "done").length;
  if (left > 0) return `dry run: ${plural(left, "step")} to do, nothing was created`;
  if (done > 0) return `${group} is enrolled`;
  return dryRun
    ? `dry run: ${group} is enrolled already, there is nothing to do`
    : `${group} was enrolled already; nothing to do`;
}
