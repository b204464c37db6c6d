import type { EnrollmentClient } from "@dps-certs/dps-client";
import { type IndividualEnrollment, idKey } from "@dps-certs/dps-protocol";
import pLimit from "p-limit";

type Enrollments = Pick<EnrollmentClient["enrollments"], "attestation" | "find" | "query">;

/** Reads under way at once. */
const CONCURRENCY = 8;
/** So few are asked for one by one. */
const FEW = 3;

/**
 * The enrollments with these ids, by the form under which the service looks them up. A query tells
 * many at once, a read one; who has a million enrollments and looks for ten must not read them all.
 * So at most half as many pages are read as there are ids, and what is missing then is asked for: that
 * is never more than one and a half times the better way.
 *
 * Symmetric keys are not in it.
 */
export async function findMany(
  enrollments: Enrollments,
  ids: readonly string[],
): Promise<Map<string, IndividualEnrollment>> {
  const missing = new Map(ids.map((id) => [idKey(id), id]));
  const found = new Map<string, IndividualEnrollment>();
  if (missing.size > FEW) await scan(enrollments, missing, found);
  const limit = pLimit(CONCURRENCY);
  const reads = [...missing].map(([key, id]) =>
    limit(async () => {
      const one = await enrollments.find(id);
      if (one !== undefined) found.set(key, one);
    }),
  );
  await Promise.all(reads);
  return found;
}

/** Moves from `missing` to `found` what the pages of a query have. */
async function scan(
  enrollments: Enrollments,
  missing: Map<string, string>,
  found: Map<string, IndividualEnrollment>,
): Promise<void> {
  let pagesLeft = Math.ceil(missing.size / 2);
  for await (const page of enrollments.query().byPage()) {
    for (const one of page) {
      const key = idKey(one.registrationId);
      if (missing.delete(key)) found.set(key, one);
    }
    pagesLeft -= 1;
    if (missing.size === 0) return;
    if (pagesLeft <= 0) return;
  }
  // All pages were read: what is not among them is not there.
  missing.clear();
}
