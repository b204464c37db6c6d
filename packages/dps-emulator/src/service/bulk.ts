import {
  BULK_MODES,
  BulkEnrollmentGroupOperation,
  BulkEnrollmentOperation,
  type BulkMode,
  MAX_BULK_ITEMS,
  parseWire,
  WireError,
} from "@dps-certs/dps-protocol";
import type { Context } from "../context.ts";
import { readBody } from "../http/body.ts";
import type { ServiceResponse } from "../http/message.ts";
import { PROBLEMS, Refusal, refusal } from "../problems.ts";
import type { RecordKind, SentRecord, StoredRecord } from "./record.ts";
import { deleteRecord, find, writeRecord } from "./records.ts";

/** An item whose id was read, and nothing else yet. */
interface Item {
  etag?: string | null | undefined;
}

/**
 * Does the same with up to ten records, each on its own: those that fail are told one by one in an
 * answer that is 200 all the same.
 *
 * @throws {Refusal} `bad-request` where the operation itself is not understood
 */
export function runBulk<R extends StoredRecord, S extends SentRecord>(
  kind: RecordKind<R, S>,
  context: Context,
  body: Uint8Array,
): ServiceResponse {
  const { mode, items } = readOperation(kind, body);
  const errors = items.flatMap(({ id, item }) => {
    try {
      runOne(kind, context, mode, id, item);
      return [];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, service: errorCode = status * 1000 } = PROBLEMS[error.problem];
      return [{ [kind.idMember]: id, errorCode, errorStatus: error.message }];
    }
  });
  return { status: 200, body: { errors, isSuccessful: errors.length === 0 } };
}

function readOperation<R extends StoredRecord, S extends SentRecord>(
  kind: RecordKind<R, S>,
  body: Uint8Array,
): { mode: BulkMode; items: { id: string; item: Item }[] } {
  const { mode: sent, items } =
    kind.scope === "enrollment" ? readEnrollments(body) : readGroups(body);
  const mode = BULK_MODES.find((known) => known.toLowerCase() === sent.toLowerCase());
  if (mode === undefined) {
    throw new Refusal("bad-request", `mode is none of ${BULK_MODES.join(", ")}.`);
  }
  if (items.length > MAX_BULK_ITEMS) {
    const message = `A bulk operation has at most ${MAX_BULK_ITEMS} items; this one has ${items.length}.`;
    throw new Refusal("bad-request", message);
  }
  return { mode, items };
}

const WHAT = "a bulk operation";

function readEnrollments(body: Uint8Array) {
  const { mode, enrollments } = readBody(BulkEnrollmentOperation, body, WHAT);
  return { mode, items: enrollments.map((item) => ({ id: item.registrationId, item })) };
}

function readGroups(body: Uint8Array) {
  const { mode, enrollmentGroups } = readBody(BulkEnrollmentGroupOperation, body, WHAT);
  return { mode, items: enrollmentGroups.map((item) => ({ id: item.enrollmentGroupId, item })) };
}

function runOne<R extends StoredRecord, S extends SentRecord>(
  kind: RecordKind<R, S>,
  context: Context,
  mode: BulkMode,
  id: string,
  item: Item,
): void {
  // An empty text is how some clients say "none".
  const etag = item.etag || undefined;
  if (mode === "delete") {
    deleteRecord(kind, context, { id, ifMatch: etag });
    return;
  }
  if (mode === "updateIfMatchETag" && etag === undefined) throw new Refusal("etag-refused");
  const sent = parseItem(kind, item);
  context.store.write((store) => {
    if (mode !== "create") find(kind, store, id);
    writeRecord(kind, context, store, { id, ifMatch: mode === "create" ? undefined : etag, sent });
  });
}

function parseItem<R extends StoredRecord, S extends SentRecord>(
  kind: RecordKind<R, S>,
  item: Item,
): S {
  try {
    return parseWire(kind.schema, item, `an ${kind.scope}`);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw refusal("bad-request", `The item is ${cause.message}.`, cause);
  }
}
