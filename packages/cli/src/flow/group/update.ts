import type { EnrollmentGroup } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { withConnection } from "../../target/connect.ts";
import { type EnrollmentSettings, withSettings } from "../service/enrollment-members.ts";
import { checkChangedSettings } from "../service/enrollment-options.ts";
import { changeGiven, withChangedAttestation } from "../service/enrollment-writes.ts";
import type { GroupAttestation } from "./attestation.ts";
import { lookUpCas, warnStanding } from "./standing.ts";
import { withoutKeys } from "./text.ts";

export interface UpdateGroupOptions {
  id: string;
  attestation: GroupAttestation;
  /** Takes the secondary CA, or the secondary reference, out. */
  removeSecondary: boolean;
  settings: EnrollmentSettings;
}

/** Changes what is given, and nothing else. */
export async function updateGroup(context: Context, options: UpdateGroupOptions): Promise<void> {
  const { report } = context;
  const { id, attestation } = options;
  await withConnection(context, {}, async (connection) => {
    const uploaded = await lookUpCas(context, connection, attestation);
    const { item, changes } = await changeGiven(connection.enrollments.groups, id, (stored) =>
      changedGroup(stored, options),
    );
    const say = (mark: "already" | "done", what: string) =>
      report.step(mark, "enrollment group", `${item.enrollmentGroupId}   ${what}`);
    if (changes.length === 0) say("already", "as it is to be");
    for (const change of changes) say("done", change);
    warnStanding(context, attestation, uploaded);
    report.result(withoutKeys(item), "");
  });
}

function changedGroup(
  stored: EnrollmentGroup,
  { attestation: { given }, removeSecondary, settings }: UpdateGroupOptions,
): EnrollmentGroup {
  const changed = withSettings(stored, settings);
  const what = `the group ${stored.enrollmentGroupId}`;
  checkChangedSettings(changed, settings, what);
  return withChangedAttestation(changed, { given, removeSecondary, what, option: "ca" });
}
