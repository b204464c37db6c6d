/** Sending the rows of an import, ten a request, and telling what became of each. */
import { isSameEnrollment } from "@dps-certs/dps-client";
import { type IndividualEnrollment, idKey } from "@dps-certs/dps-protocol";
import { findMany } from "./lookup.ts";
import type { ImportItem } from "./row.ts";
import {
  breathe,
  type Enrollments,
  failed,
  type RowOutcome,
  type SendOptions,
  sendEach,
  WINDOW,
} from "./slices.ts";
import { withComparedKeys } from "./stored-keys.ts";
import { sendUpdates } from "./update.ts";

/**
 * Sends rows as they come. Running again is safe: what is there already as the row has it, or gone
 * already where it is to be deleted, is no error.
 */
export async function* sendRows(
  enrollments: Enrollments,
  items: AsyncIterable<ImportItem>,
  options: SendOptions,
): AsyncGenerator<RowOutcome, void, undefined> {
  if (options.mode === "update") yield* sendUpdates(enrollments, items, options);
  else yield* sendAsTheyCome(enrollments, items, options);
}

async function* sendAsTheyCome(
  enrollments: Enrollments,
  items: AsyncIterable<ImportItem>,
  options: SendOptions,
): AsyncGenerator<RowOutcome, void, undefined> {
  const { mode } = options;
  const withEtag = mode !== "create";
  const body = ({ apply, etag }: ImportItem) =>
    withEtag && etag !== undefined ? { ...apply(), etag } : apply();
  let existing: Refused[] = [];
  for await (const { item, outcome } of sendEach(enrollments, items, body, options)) {
    const { line, id } = item;
    if (outcome.ok) yield { is: "done", line, id };
    else if (mode === "delete" && outcome.error.code === "not-found") {
      yield { is: "already", line, id };
    } else if (mode === "create" && outcome.error.code === "conflict") {
      existing.push({ item, refusal: failed(item, outcome.error) });
    } else yield failed(item, outcome.error);
    if (existing.length < WINDOW) continue;
    yield* settle(enrollments, existing);
    existing = [];
  }
  yield* settle(enrollments, existing);
}

/** Errors themselves are not held: each has a stack of some KiB. */
interface Refused {
  item: ImportItem;
  refusal: RowOutcome;
}

/** What the service refused to create because it has it: as the row says, or another. */
async function* settle(
  enrollments: Enrollments,
  existing: readonly Refused[],
): AsyncGenerator<RowOutcome, void, undefined> {
  const ids = existing.map(({ item }) => item.id);
  const lookup = await findMany(enrollments, ids).catch((error: Error) => error);
  for (const [at, { item, refusal }] of existing.entries()) {
    await breathe(at);
    if (lookup instanceof Error) yield failed(item, lookup);
    else yield await settleOne(enrollments, item, lookup.get(idKey(item.id)), refusal);
  }
}

async function settleOne(
  enrollments: Enrollments,
  item: ImportItem,
  found: IndividualEnrollment | undefined,
  refusal: RowOutcome,
): Promise<RowOutcome> {
  const { line, id } = item;
  try {
    // Gone meanwhile: then what the service said stands.
    if (found === undefined) return refusal;
    const stored = await withComparedKeys(enrollments, found, item.apply(found));
    const wanted = item.apply(stored);
    if (isSameEnrollment(wanted, stored)) return { is: "already", line, id };
    const message = `the service has an enrollment ${id} already, with another ${differences(stored, wanted)}`;
    const hint = "to change those that are there: --mode update";
    return { is: "failed", failure: { line, id, code: "conflict", message, hint } };
  } catch (error) {
    return failed(item, error);
  }
}

/** Names of the members in which the two differ; never their values, which may be keys. */
function differences(stored: IndividualEnrollment, wanted: IndividualEnrollment): string {
  const names = Object.keys(wanted) as (keyof IndividualEnrollment)[];
  return names
    .filter((name) => !isSameEnrollment({ [name]: wanted[name] }, { [name]: stored[name] }))
    .join(", ");
}
