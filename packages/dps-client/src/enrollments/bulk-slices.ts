import type { BulkMode } from "@dps-certs/dps-protocol";
import {
  BULK_MODES,
  idKey,
  idProblem,
  MAX_BODY_BYTES,
  MAX_BULK_ITEMS,
} from "@dps-certs/dps-protocol";
import { clientError, DpsClientError } from "../errors.ts";
import type { BulkOutcome, Enrollment } from "./collections.ts";
import type { EnrollmentKind } from "./kind.ts";
import { prepareEnrollment, prepareUnjudged } from "./prepare.ts";

/** Room for `{"mode":"updateIfMatchETag","enrollmentGroups":[]}`. */
const ENVELOPE_BYTES = 64;

export interface SliceItem<T> {
  id: string;
  index: number;
  sent: T;
  /** Of its JSON, with the comma behind it. */
  bytes: number;
}

/** Items of one request: at most ten, no id twice, within the service's limit. */
export interface Slice<T> {
  items: SliceItem<T>[];
  /** Ids in the form under which the service looks them up. */
  keys: Set<string>;
  bytes: number;
}

const emptySlice = <T>(): Slice<T> => ({ items: [], keys: new Set(), bytes: ENVELOPE_BYTES });

export const verbOf = (mode: BulkMode): string => (mode === "updateIfMatchETag" ? "update" : mode);

/** @throws {DpsClientError} `invalid-argument` */
export function requireMode(mode: string): void {
  if (BULK_MODES.some((known) => known === mode)) return;
  throw new DpsClientError("invalid-argument", `a bulk mode is one of ${BULK_MODES.join(", ")}`);
}

/** A program in JavaScript may give anything. */
const idIn = ({ idMember }: { idMember: string }, item: unknown): unknown =>
  (item as { [name: string]: unknown } | null | undefined)?.[idMember];

function prepareItem<T extends Enrollment>(kind: EnrollmentKind<T>, mode: BulkMode, item: T): T {
  const id = idIn(kind, item);
  if (typeof id !== "string") {
    throw new DpsClientError(
      "invalid-argument",
      `${verbOf(mode)} ${kind.noun}: "${kind.idMember}" must be present`,
    );
  }
  const what = `${verbOf(mode)} ${kind.noun} ${JSON.stringify(id)}`;
  const problem = idProblem(id);
  if (problem !== undefined) {
    throw new DpsClientError("invalid-argument", `${what}: "${kind.idMember}": ${problem}`);
  }
  if (mode === "updateIfMatchETag" && !item.etag) {
    throw new DpsClientError("invalid-argument", `${what}: "etag" must be present`);
  }
  const prepare = mode === "delete" ? prepareUnjudged : prepareEnrollment;
  const { etag } = item;
  // Here, and nowhere else, the service reads the etag of the body.
  return { ...prepare(kind, item, what), ...(etag == null ? {} : { etag }) };
}

/** Room in the slice for one more item of so many bytes, and no other change of the same thing. */
function fits<T>(slice: Slice<T>, key: string, bytes: number): boolean {
  return slice.bytes + bytes <= MAX_BODY_BYTES && !slice.keys.has(key);
}

/** @throws {DpsClientError} `invalid-argument` for an item that is too large for a slice of its own */
function sizeOf(what: string, sent: unknown): number {
  const bytes = Buffer.byteLength(JSON.stringify(sent)) + 1;
  if (ENVELOPE_BYTES + bytes <= MAX_BODY_BYTES) return bytes;
  throw new DpsClientError(
    "invalid-argument",
    `${what}: more than the ${MAX_BODY_BYTES} bytes of JSON that the service takes`,
  );
}

/** The item as it is sent, or why it is not. */
function readItem<T extends Enrollment>(
  kind: EnrollmentKind<T>,
  mode: BulkMode,
  item: T,
  index: number,
): SliceItem<T> | BulkOutcome {
  try {
    const sent = prepareItem(kind, mode, item);
    const id = kind.idOf(sent);
    return { id, index, sent, bytes: sizeOf(`${verbOf(mode)} ${kind.noun} ${id}`, sent) };
  } catch (error) {
    if (!(error instanceof DpsClientError)) throw error;
    const id = idIn(kind, item);
    return { ok: false, id: typeof id === "string" ? id : "", index, error };
  }
}

export function abortedBulk(mode: BulkMode, { reason }: AbortSignal): DpsClientError {
  return clientError("aborted", `${mode} in bulk: aborted`, { cause: reason });
}

/**
 * Cuts items into slices as they come. An item that cannot be sent is an outcome, and the others go
 * on without it. Where the source fails or the signal aborts, what was taken before is a slice still.
 */
export async function* slicesOf<T extends Enrollment>(
  kind: EnrollmentKind<T>,
  mode: BulkMode,
  items: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Slice<T> | BulkOutcome, void, undefined> {
  let slice = emptySlice<T>();
  let index = 0;
  let failure: { error: unknown } | undefined;
  try {
    for await (const item of items) {
      const read = readItem(kind, mode, item, index++);
      if ("ok" in read) {
        yield read;
      } else {
        const key = idKey(read.id);
        if (!fits(slice, key, read.bytes)) {
          yield slice;
          slice = emptySlice();
        }
        slice.items.push(read);
        slice.keys.add(key);
        slice.bytes += read.bytes;
        if (slice.items.length === MAX_BULK_ITEMS) {
          yield slice;
          slice = emptySlice();
        }
      }
      if (signal?.aborted) throw abortedBulk(mode, signal);
    }
  } catch (error) {
    failure = { error };
  }
  if (slice.items.length > 0) yield slice;
  if (failure) throw failure.error;
}
