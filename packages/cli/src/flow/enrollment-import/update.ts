/** Changing enrollments that are there to what the rows of an import say. */
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
import { withComparedKeys, withKeys } from "./stored-keys.ts";

/** An update is never sent blind: what is stored is read, changed, and written under its etag. */
export async function* sendUpdates(
  enrollments: Enrollments,
  items: AsyncIterable<ImportItem>,
  options: SendOptions,
): AsyncGenerator<RowOutcome, void, undefined> {
  for await (const window of windows(items)) yield* updateWindow(enrollments, window, options);
}

async function* windows(items: AsyncIterable<ImportItem>): AsyncGenerator<ImportItem[]> {
  let window: ImportItem[] = [];
  let ids = new Set<string>();
  for await (const item of items) {
    // Twice the same device: the second change is made to what the first made.
    if (window.length >= WINDOW || ids.has(idKey(item.id))) {
      yield window;
      window = [];
      ids = new Set();
    }
    window.push(item);
    ids.add(idKey(item.id));
  }
  if (window.length > 0) yield window;
}

async function* updateWindow(
  enrollments: Enrollments,
  window: readonly ImportItem[],
  options: SendOptions,
): AsyncGenerator<RowOutcome, void, undefined> {
  const ids = window.map(({ id }) => id);
  const stored = await findMany(enrollments, ids).catch((error: Error) => error);
  const changed: ImportItem[] = [];
  const bodies = new Map<ImportItem, IndividualEnrollment>();
  for (const [at, item] of window.entries()) {
    await breathe(at);
    const plan =
      stored instanceof Error
        ? failed(item, stored)
        : await planUpdate(enrollments, item, stored.get(idKey(item.id)));
    if ("is" in plan) yield plan;
    else {
      changed.push(item);
      bodies.set(item, plan.send);
    }
  }
  const body = (item: ImportItem) => bodies.get(item) as IndividualEnrollment;
  for await (const { item, outcome } of sendEach(enrollments, changed, body, options)) {
    const { line, id } = item;
    if (outcome.ok) yield { is: "done", line, id };
    else if (outcome.error.code === "etag-mismatch" && item.etag === undefined) {
      yield await updateAlone(enrollments, item);
    } else yield failed(item, outcome.error);
  }
}

/** What is to be sent, or what is to be told in its place. */
async function planUpdate(
  enrollments: Enrollments,
  item: ImportItem,
  found: IndividualEnrollment | undefined,
): Promise<{ send: IndividualEnrollment } | RowOutcome> {
  const { line, id, etag } = item;
  if (found === undefined) {
    const message = `the service has no enrollment ${id}`;
    return { is: "failed", failure: { line, id, code: "not-found", message } };
  }
  try {
    const stored = await withComparedKeys(enrollments, found, item.apply(found));
    if (isSameEnrollment(item.apply(stored), stored)) return { is: "already", line, id };
    const whole = await withKeys(enrollments, stored);
    return { send: { ...item.apply(whole), etag: etag ?? found.etag } };
  } catch (error) {
    return failed(item, error);
  }
}

/** Somebody else changed it meanwhile: once more, as one change of its own. */
async function updateAlone(enrollments: Enrollments, item: ImportItem): Promise<RowOutcome> {
  const { line, id } = item;
  try {
    await enrollments.update(id, (stored) => item.apply(stored));
    return { is: "done", line, id };
  } catch (error) {
    return failed(item, error);
  }
}
