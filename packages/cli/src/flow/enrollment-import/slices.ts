/** What sending rows has in common, whatever is done with them. */
import { setImmediate } from "node:timers/promises";
import type { BulkOutcome, EnrollmentClient } from "@dps-certs/dps-client";
import type { BulkMode, IndividualEnrollment } from "@dps-certs/dps-protocol";
import { reportOf } from "../../errors.ts";
import { RowProblem } from "./columns.ts";
import type { ImportItem, RowFailure } from "./row.ts";

export type Enrollments = EnrollmentClient["enrollments"];

/** What became of a row. */
export type RowOutcome =
  | { is: "done" | "already"; line: number; id: string }
  | { is: "failed"; failure: RowFailure };

/** Rows that are looked up together: what of them is held is some 20 MiB. */
export const WINDOW = 5000;

/** Rows that are compared, certificates and all, without letting anything else happen. */
const AT_A_TIME = 32;

/** Lets connections and interruptions have their turn in a loop that only computes. */
export async function breathe(at: number): Promise<void> {
  if (at % AT_A_TIME === AT_A_TIME - 1) await setImmediate();
}

export interface SendOptions {
  mode: BulkMode;
  /** Requests under way at once. */
  concurrency: number;
}

export function failed(
  { line, id }: Pick<ImportItem, "line" | "id">,
  error: unknown,
): RowOutcome & { is: "failed" } {
  const isRow = error instanceof RowProblem;
  const { code, message, hint } = isRow
    ? { code: "bad-row", message: error.message, hint: undefined }
    : reportOf(error);
  return { is: "failed", failure: { line, id, code, message, ...(hint && { hint }) } };
}

/** An item that was sent. */
export interface Sent {
  item: ImportItem;
  outcome: BulkOutcome;
}

/** Each item with its outcome; only what is under way is held. */
export async function* sendEach(
  enrollments: Enrollments,
  items: AsyncIterable<ImportItem> | Iterable<ImportItem>,
  body: (item: ImportItem) => IndividualEnrollment,
  { mode, concurrency }: SendOptions,
): AsyncGenerator<Sent, void, undefined> {
  const underWay = new Map<number, ImportItem>();
  let index = 0;
  async function* bodies() {
    for await (const item of items) {
      underWay.set(index, item);
      index += 1;
      yield body(item);
    }
  }
  for await (const outcome of enrollments.bulk(mode, bodies(), { concurrency })) {
    const item = underWay.get(outcome.index);
    underWay.delete(outcome.index);
    if (item !== undefined) yield { item, outcome };
  }
}
