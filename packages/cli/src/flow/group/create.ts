import type { EnrollmentGroup } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { withConnection } from "../../target/connect.ts";
import {
  type EnrollmentSettings,
  withAttestation,
  withSettings,
} from "../service/enrollment-members.ts";
import { createOnce, type Kind } from "../service/enrollment-writes.ts";
import type { GroupAttestation } from "./attestation.ts";
import { lookUpCas, warnStanding } from "./standing.ts";
import { withoutKeys } from "./text.ts";

export interface CreateGroupOptions {
  id: string;
  attestation: GroupAttestation & { given: NonNullable<GroupAttestation["given"]> };
  settings: EnrollmentSettings;
}

const GROUP: Kind<EnrollmentGroup> = {
  title: "enrollment group",
  command: "group",
  idOf: ({ enrollmentGroupId }) => enrollmentGroupId,
};

/** Creates a group; one that is there already and is as it was to be made is left as it is. */
export async function createGroup(context: Context, options: CreateGroupOptions): Promise<void> {
  const { report } = context;
  const { id, attestation } = options;
  await withConnection(context, {}, async (connection) => {
    const uploaded = await lookUpCas(context, connection, attestation);
    const { groups } = connection.enrollments;
    const { item, isNew } = await createOnce(groups, GROUP, id, (stored) =>
      newGroup(options, stored),
    );
    const state = `${item.enrollmentGroupId}   ${item.provisioningStatus ?? "enabled"}`;
    report.step(isNew ? "done" : "already", GROUP.title, isNew ? `${state}   created` : state);
    if (attestation.given.kind === "symmetricKey") {
      report.note(`its keys: dps-certs group show ${id} --keys`);
    }
    warnStanding(context, attestation, uploaded);
    report.result(withoutKeys(item), "");
  });
}

/** @param stored - what is there already: what is not asked for of a new one stays */
function newGroup(
  { id, attestation: { given }, settings }: CreateGroupOptions,
  stored?: EnrollmentGroup,
): EnrollmentGroup {
  const isKeyed = given.kind === "symmetricKey";
  const group = {
    ...stored,
    enrollmentGroupId: stored?.enrollmentGroupId ?? id,
    attestation: withAttestation(
      stored?.attestation,
      // A group with a second CA that was not asked for would not be the same.
      isKeyed ? given : { ...given, removeSecondary: true },
    ),
  };
  const provisioningStatus = settings.provisioningStatus ?? "enabled";
  return withSettings(group, { ...settings, provisioningStatus });
}
