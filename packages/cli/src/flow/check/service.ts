/** What the service says of a group: the part of `check` that no file tells. */
import type { Certificate } from "@dps-certs/ca-tools";
import {
  type EnrollmentGroup,
  type IndividualEnrollment,
  idProblem,
  sameId,
} from "@dps-certs/dps-protocol";
import type { Connection } from "../../target/connection.ts";
import { isNotAllowed } from "../certificate/uploads.ts";
import type { Found } from "./certificate.ts";
import type { GroupView } from "./group-chains.ts";

export interface ServiceAnswer {
  view: GroupView;
  /** Of the device's registration id. */
  individual: IndividualEnrollment | undefined;
}

/**
 * @param registrationId - undefined where the device has none that is possible
 * @param known - certificates that may be some of the service's
 */
export async function askService(
  { certificates, enrollments }: Connection,
  {
    groupId,
    registrationId,
    known,
  }: {
    groupId: string;
    registrationId: string | undefined;
    known: readonly Certificate[];
  },
): Promise<ServiceAnswer> {
  const id =
    registrationId !== undefined && idProblem(registrationId) === undefined
      ? registrationId
      : undefined;
  const [groups, individual] = await Promise.all([
    collect(enrollments.groups.query()),
    id === undefined ? undefined : enrollments.enrollments.find(id),
  ]);
  const group = groups.find(({ enrollmentGroupId }) => sameId(enrollmentGroupId, groupId));
  const uploaded = await certificates.list().catch((error: unknown) => {
    // What a group refers to cannot be told without them.
    if (isNotAllowed(error) && !group?.attestation.x509?.caReferences) return undefined;
    throw error;
  });
  return { view: { groupId, groups, uploaded, known }, individual };
}

async function collect(query: AsyncIterable<EnrollmentGroup>): Promise<EnrollmentGroup[]> {
  const all: EnrollmentGroup[] = [];
  for await (const group of query) all.push(group);
  return all;
}

/**
 * Whether the group lets devices in at all, and whether it is asked.
 *
 * @param leaf - undefined where there is no device's certificate
 */
export function serviceRules(
  { view: { groupId, groups }, individual }: ServiceAnswer,
  leaf: Certificate | undefined,
): Found[] {
  const group = groups.find(({ enrollmentGroupId }) => sameId(enrollmentGroupId, groupId));
  if (group === undefined) {
    return [{ code: "group-not-found", message: `the service has no enrollment group ${groupId}` }];
  }
  return individual === undefined ? groupRules(group) : individualRules(individual, leaf);
}

function groupRules({ enrollmentGroupId: id, provisioningStatus, attestation }: EnrollmentGroup) {
  const found: Found[] = [];
  if (attestation.type !== "x509") {
    const message = `the devices of the group ${id} show no certificates: it has ${attestation.type} attestation`;
    found.push({ code: "group-not-x509", message });
  }
  if (provisioningStatus === "disabled") {
    const message = `the group ${id} is disabled: registrations end as "disabled"`;
    found.push({ code: "group-disabled", message });
  }
  return found;
}

/** An individual enrollment decides alone: the group is not asked. */
function individualRules(individual: IndividualEnrollment, leaf: Certificate | undefined): Found[] {
  const { registrationId: id, provisioningStatus, attestation } = individual;
  const own = `the service has an individual enrollment ${id}, which decides alone`;
  const found: Found[] = [];
  if (provisioningStatus === "disabled") {
    const message = `the device ${id} is shut out by an individual enrollment that is disabled`;
    found.push({ code: "individual-disabled", message });
  }
  const { clientCertificates } = attestation.x509 ?? {};
  const thumbprints = [clientCertificates?.primary, clientCertificates?.secondary].map((slot) =>
    slot?.info?.sha256Thumbprint.toUpperCase(),
  );
  const problem =
    attestation.type !== "x509"
      ? `it has ${attestation.type} attestation`
      : clientCertificates && leaf && !thumbprints.includes(leaf.sha256)
        ? "it is of another certificate"
        : undefined;
  found.push(
    problem === undefined
      ? { code: "individual-decides", message: `${own}: the group is not asked` }
      : { code: "individual-differs", message: `${own}, and ${problem}` },
  );
  return found;
}

/**
 * What a chain is held against: of an individual enrollment that refers to CAs these, and no group;
 * undefined where the device's certificate alone counts.
 */
export function decidingView({ view, individual }: ServiceAnswer): GroupView | undefined {
  if (individual === undefined) return view;
  const { registrationId: groupId, attestation } = individual;
  if (attestation.x509?.caReferences == null) return undefined;
  const title = `the individual enrollment ${groupId}`;
  return { ...view, groupId, title, groups: [{ enrollmentGroupId: groupId, attestation }] };
}
