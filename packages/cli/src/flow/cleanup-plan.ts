import type { Certificate } from "@dps-certs/ca-tools";
import type { CertificateResponse, EnrollmentGroup } from "@dps-certs/dps-protocol";
import { sameId } from "@dps-certs/dps-protocol";
import type { Connection } from "../target/connection.ts";
import { primaryThumbprint } from "./group-step.ts";
import { certificateNameFor, isUploadOf } from "./names.ts";

export interface Item {
  id: "registration" | "group" | "certificate";
  title: string;
  name: string;
  remove: () => Promise<void>;
  isThere: () => Promise<boolean>;
}

export interface Kept {
  id: Item["id"];
  title: string;
  name: string;
  reason: string;
}

export interface CleanupPlan {
  items: Item[];
  kept: Kept[];
}

export interface CleanupInput {
  group: string;
  connection: Connection;
  /** Undefined where the PKI folder has none: then nothing in the service is known to be ours. */
  root: Certificate | undefined;
  intermediate: Certificate | undefined;
  /** Of each CA of the folder: its own certificate, then what is above it. @default none */
  chains?: readonly (readonly Certificate[])[];
}

/**
 * What `enroll` made for the group and is still as it made it: registrations and group if the
 * group's signing certificate is ours, then each CA under the name that `enroll` gives it, with our
 * thumbprint, that no other group needs.
 */
export async function planCleanup(input: CleanupInput): Promise<CleanupPlan> {
  const { group, connection, intermediate } = input;
  const groups: EnrollmentGroup[] = [];
  for await (const one of connection.enrollments.groups.query()) groups.push(one);
  const stored = groups.find(({ enrollmentGroupId }) => sameId(enrollmentGroupId, group));
  const others = groups.filter((one) => one !== stored);
  const isOurs =
    stored !== undefined &&
    intermediate !== undefined &&
    primaryThumbprint(stored) === intermediate.sha256;
  const kept: Kept[] = [];
  const items: Item[] = [];
  if (stored !== undefined && isOurs) {
    items.push(...(await registrationItems(input)), groupItem(connection, stored));
  } else if (stored !== undefined) {
    const reason = "its signing certificate is not this PKI folder's";
    kept.push({ id: "group", title: "enrollment group", name: group, reason });
  }
  const needing = stored === undefined || isOurs ? others : groups;
  for (const certificate of await ourCertificates(input)) {
    const user = needing.find((other) => needs(other, certificate, input));
    if (user === undefined) items.push(certificateItem(connection, certificate));
    else {
      const reason = `the group ${user.enrollmentGroupId} chains to it`;
      kept.push({ id: "certificate", title: "certificate", name: certificate.name, reason });
    }
  }
  return { items, kept };
}

async function registrationItems({
  group,
  connection: { enrollments },
}: CleanupInput): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { registrationId } of enrollments.registrations.query(group)) {
    if (!registrationId) continue;
    items.push({
      id: "registration",
      title: "registration",
      name: registrationId,
      remove: () => enrollments.registrations.delete(registrationId),
      isThere: async () => (await enrollments.registrations.find(registrationId)) !== undefined,
    });
  }
  return items;
}

function groupItem({ enrollments }: Connection, group: EnrollmentGroup): Item {
  const { enrollmentGroupId: id, etag } = group;
  return {
    id: "group",
    title: "enrollment group",
    name: id,
    remove: () => enrollments.groups.delete(id, { ifMatch: etag ?? undefined }),
    isThere: async () => (await enrollments.groups.find(id)) !== undefined,
  };
}

async function ourCertificates({
  connection,
  root,
  intermediate,
}: CleanupInput): Promise<CertificateResponse[]> {
  const ours = [root, intermediate].filter((ca) => ca !== undefined);
  const all = await connection.certificates.list();
  return all.filter((stored) =>
    ours.some((ca) => isUploadOf(ca, stored) && certificateNameFor(ca) === stored.name),
  );
}

/** Whether a group's signing certificate is this CA, or is below it. */
function needs(
  group: EnrollmentGroup,
  stored: CertificateResponse,
  { root, intermediate, chains = [] }: CleanupInput,
): boolean {
  const ca = [root, intermediate].find((one) => isUploadOf(one, stored));
  const { primary, secondary } = group.attestation.x509?.signingCertificates ?? {};
  return [primary?.info, secondary?.info].some((info) => {
    const sha256 = info?.sha256Thumbprint.toUpperCase();
    const chain = chains.find(([lowest]) => lowest?.sha256 === sha256) ?? [];
    return (
      sha256 === ca?.sha256 ||
      info?.issuerName === ca?.subject ||
      chain.some((one) => one.sha256 === ca?.sha256)
    );
  });
}

function certificateItem({ certificates }: Connection, { name, etag }: CertificateResponse): Item {
  return {
    id: "certificate",
    title: "certificate",
    name,
    remove: () => certificates.delete(name, { ifMatch: etag }),
    isThere: async () => (await certificates.find(name)) !== undefined,
  };
}
