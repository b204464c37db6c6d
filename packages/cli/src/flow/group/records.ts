/** Groups as they are: listed, shown, deleted. */
import type { RegistrationCollection } from "@dps-certs/dps-client";
import type { EnrollmentGroup } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { plural } from "../../output/text.ts";
import { withConnection } from "../../target/connect.ts";
import type { Connection } from "../../target/connection.ts";
import { isNotAllowed } from "../certificate/uploads.ts";
import { type Deletion, deleteNamed, findNamed } from "../service/deletion.ts";
import { groupTable, groupText, withoutKeys } from "./text.ts";

export interface ListGroupsOptions {
  /** In the service's own language. @default "SELECT *" */
  query: string | undefined;
  /** At most this many. */
  top: number | undefined;
}

export async function listGroups(
  context: Context,
  { query, top = Number.POSITIVE_INFINITY }: ListGroupsOptions,
): Promise<void> {
  await withConnection(context, { readOnly: true }, async ({ enrollments: { groups } }) => {
    const all: EnrollmentGroup[] = [];
    for await (const group of groups.query({ query })) {
      all.push(group);
      if (all.length >= top) break;
    }
    context.report.result(all, groupTable(all));
  });
}

export interface ShowGroupOptions {
  id: string;
  /** Hands over the symmetric keys, on stdout alone. */
  keys: boolean;
}

export async function showGroup(context: Context, { id, keys }: ShowGroupOptions): Promise<void> {
  await withConnection(context, { readOnly: true }, async ({ enrollments: { groups } }) => {
    const group = await groups.get(id);
    const { type } = group.attestation;
    if (keys && type !== "symmetricKey") {
      const name = group.enrollmentGroupId;
      throw new CliError(
        "not-found",
        `the group ${name} has no symmetric keys, but ${type} attestation`,
      );
    }
    const shown = keys
      ? { ...group, attestation: await groups.attestation(id) }
      : withoutKeys(group);
    context.report.result(shown, groupText(shown));
  });
}

/** Registrations that are counted: a group may have a million. */
const MAX_COUNTED = 1000;

/** Deletes groups; nothing is deleted unless all of them are there. */
export async function deleteGroups(context: Context, ids: readonly string[]): Promise<void> {
  await withConnection(context, { readOnly: true }, async (connection) => {
    const { groups } = connection.enrollments;
    const found = await findNamed(ids, {
      title: "enrollment group",
      hint: "see them with: dps-certs group list",
      find: (id) => groups.find(id),
    });
    const deletions = [];
    for (const group of found) deletions.push(await deletionOf(connection, group));
    context.report.result(await deleteNamed(context, deletions), "");
  });
}

async function deletionOf(
  { enrollments: { groups, registrations } }: Connection,
  { enrollmentGroupId: id, etag }: EnrollmentGroup,
): Promise<Deletion> {
  const count = await countRegistrations(registrations, id).catch((error: unknown) => {
    // Who may delete a group need not be allowed to see its registrations.
    if (!isNotAllowed(error)) throw error;
    return undefined;
  });
  return {
    title: "enrollment group",
    name: id,
    detail: registrationsText(count),
    remove: () => groups.delete(id, { ifMatch: etag ?? undefined }),
  };
}

/** Of a group, up to `MAX_COUNTED`. */
async function countRegistrations(
  registrations: RegistrationCollection,
  id: string,
): Promise<number> {
  let count = 0;
  for await (const _ of registrations.query(id)) {
    count += 1;
    if (count === MAX_COUNTED) break;
  }
  return count;
}

function registrationsText(count: number | undefined): string {
  if (count === undefined) return "with its registrations, which could not be looked up";
  if (count === 0) return "no device is registered through it";
  if (count === MAX_COUNTED) return `with the registrations of ${count} devices and more`;
  return `with the registrations of ${plural(count, "device")}`;
}
