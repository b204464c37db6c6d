import { EnrollmentGroupBody, MAX_GROUPS_OF_A_KIND } from "@dps-certs/dps-protocol";
import { Refusal } from "../problems.ts";
import { answerAttestation } from "./attestation.ts";
import {
  allGroups,
  GROUP_PREFIX,
  getGroup,
  readStoredGroup,
  removeGroup,
  type StoredGroup,
  saveGroup,
} from "./group-store.ts";
import type { RecordKind } from "./record.ts";

/** Enrollment groups; X.509 and symmetric keys each have their own limit. */
export const ENROLLMENT_GROUPS: RecordKind<StoredGroup, EnrollmentGroupBody> = {
  scope: "enrollment group",
  itemType: "EnrollmentGroup",
  prefix: GROUP_PREFIX,
  schema: EnrollmentGroupBody,
  fields: Object.keys(EnrollmentGroupBody.entries),
  idMember: "enrollmentGroupId",
  missing: "no-group",
  exists: "group-exists",
  idOf: ({ enrollmentGroupId }) => enrollmentGroupId,
  get: getGroup,
  fromStore: readStoredGroup,
  save: saveGroup,
  remove: removeGroup,
  checkRoom: (store, type) => {
    const same = allGroups(store).filter(({ attestation }) => attestation.type === type);
    if (same.length < MAX_GROUPS_OF_A_KIND) return;
    const name = type === "x509" ? "X.509" : "symmetric key";
    const message = `The service holds ${MAX_GROUPS_OF_A_KIND} ${name} enrollment groups already.`;
    throw new Refusal("bad-request", message);
  },
  checkMembers: () => undefined,
  make: (common, id, _sent, present) => ({
    enrollmentGroupId: present?.enrollmentGroupId ?? id,
    ...common,
  }),
  answer: (group, { keys }) => {
    const { capabilities, iotHubHostName, initialTwin, reprovisionPolicy, ...others } =
      group.members;
    const { allocationPolicy, iotHubs, customAllocationDefinition, ...unknown } = others;
    return {
      enrollmentGroupId: group.enrollmentGroupId,
      attestation: answerAttestation(group.attestation, { keys }),
      capabilities,
      iotHubHostName,
      initialTwin,
      etag: group.etag,
      provisioningStatus: group.provisioningStatus,
      reprovisionPolicy,
      createdDateTimeUtc: group.createdDateTimeUtc,
      lastUpdatedDateTimeUtc: group.lastUpdatedDateTimeUtc,
      allocationPolicy,
      iotHubs,
      customAllocationDefinition,
      ...unknown,
    };
  },
};
