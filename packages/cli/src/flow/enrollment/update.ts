import type { IndividualEnrollment } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { withConnection } from "../../target/connect.ts";
import { withoutKeys } from "../group/text.ts";
import { withSettings } from "../service/enrollment-members.ts";
import { checkChangedSettings } from "../service/enrollment-options.ts";
import { changeGiven, withChangedAttestation } from "../service/enrollment-writes.ts";
import type { GivenEnrollment } from "./create.ts";

export interface EnrollmentChange extends GivenEnrollment {
  /** Takes the secondary certificate, or the secondary reference, out. */
  removeSecondary: boolean;
}

/** Changes what is given, and nothing else. */
export async function updateEnrollment(context: Context, change: EnrollmentChange): Promise<void> {
  const { report } = context;
  await withConnection(context, {}, async ({ enrollments: { enrollments } }) => {
    const { item, changes } = await changeGiven(enrollments, change.id, (stored) =>
      changedEnrollment(stored, change),
    );
    const say = (mark: "already" | "done", what: string) =>
      report.step(mark, "enrollment", `${item.registrationId}   ${what}`);
    if (changes.length === 0) say("already", "as it is to be");
    for (const one of changes) say("done", one);
    report.result(withoutKeys(item), "");
  });
}

/** @throws {CliError} `usage` where there is nothing to be changed so */
function changedEnrollment(
  stored: IndividualEnrollment,
  { deviceId, attestation: given, removeSecondary, settings }: EnrollmentChange,
): IndividualEnrollment {
  const changed = withSettings({ ...stored, ...(deviceId && { deviceId }) }, settings);
  const what = `the enrollment ${stored.registrationId}`;
  checkChangedSettings(changed, settings, what);
  return withChangedAttestation(changed, { given, removeSecondary, what, option: "certificate" });
}
