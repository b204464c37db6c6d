/** Enrollments as they are: listed, shown, deleted. */
import type { IndividualEnrollment } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { withConnection } from "../../target/connect.ts";
import { deleteNamed, findNamed } from "../service/deletion.ts";
import { enrollmentTable, enrollmentText } from "./text.ts";

export interface ListEnrollmentsOptions {
  /** In the service's own language. @default "SELECT *" */
  query: string | undefined;
  /** At most this many. */
  top: number | undefined;
}

export async function listEnrollments(
  context: Context,
  { query, top = Number.POSITIVE_INFINITY }: ListEnrollmentsOptions,
): Promise<void> {
  await withConnection(context, { readOnly: true }, async ({ enrollments: { enrollments } }) => {
    const all: IndividualEnrollment[] = [];
    for await (const one of enrollments.query({ ...(query !== undefined && { query }) })) {
      all.push(one);
      if (all.length >= top) break;
    }
    context.report.result(all, enrollmentTable(all));
  });
}

/** @param keys - with its symmetric keys, which no other read tells */
export async function showEnrollment(context: Context, id: string, keys: boolean): Promise<void> {
  await withConnection(context, { readOnly: true }, async ({ enrollments: { enrollments } }) => {
    const stored = await enrollments.get(id);
    const shown = keys ? { ...stored, attestation: await enrollments.attestation(id) } : stored;
    context.report.result(shown, enrollmentText(shown));
  });
}

/** Deletes enrollments; nothing is deleted unless all of them are there. */
export async function deleteEnrollments(context: Context, ids: readonly string[]): Promise<void> {
  await withConnection(context, { readOnly: true }, async ({ enrollments: { enrollments } }) => {
    const found = await findNamed(ids, {
      title: "enrollment",
      hint: "see them with: dps-certs enrollment list",
      find: (id) => enrollments.find(id),
    });
    const deletions = found.map(({ registrationId, registrationState, etag }) => ({
      title: "enrollment",
      name: registrationId,
      detail: detailOf(registrationState?.status),
      remove: () => enrollments.delete(registrationId, { ifMatch: etag ?? undefined }),
    }));
    context.report.result(await deleteNamed(context, deletions), "");
  });
}

/** The IoT hub is another service, which is not told. */
const detailOf = (status: string | null | undefined): string =>
  status === "assigned" ? "registered; the device stays in its IoT hub" : "not registered";
