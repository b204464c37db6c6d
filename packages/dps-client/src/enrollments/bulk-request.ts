import { type BulkMode, BulkOperationResult, idKey } from "@dps-certs/dps-protocol";
import { checked } from "../checked.ts";
import { DpsClientError, isDpsClientError } from "../errors.ts";
import { httpFailure } from "../http-failure.ts";
import { type Slice, type SliceItem, verbOf } from "./bulk-slices.ts";
import type { BulkOutcome, Enrollment } from "./collections.ts";
import { type EnrollmentStore, settled } from "./write.ts";

type ItemError = NonNullable<BulkOperationResult["errors"]>[number];

const keysOf = ({ attestation }: Enrollment): string[] =>
  [attestation?.symmetricKey?.primaryKey, attestation?.symmetricKey?.secondaryKey].filter(
    (key) => typeof key === "string",
  );

/** What went wrong with one item, as if it had been sent alone. */
function itemError<T extends Enrollment>(
  what: string,
  mode: BulkMode,
  item: SliceItem<T>,
  { errorCode, errorStatus }: ItemError,
): DpsClientError {
  const status = Math.floor(errorCode / 1000);
  const answer = { status, headers: {}, body: { errorCode, message: errorStatus } };
  const failure = httpFailure("service", answer, keysOf(item.sent), 0);
  const words = failure.serviceMessage ? `"${failure.serviceMessage}" ` : "";
  const hint =
    mode === "update" && failure.code === "conflict"
      ? "In bulk the service takes a change of what exists only with its etag: read it first."
      : failure.hint;
  return new DpsClientError(
    failure.code,
    `${what}: the service answered ${words}(error ${errorCode})`,
    { errorCode, serviceMessage: failure.serviceMessage, hint },
  );
}

/**
 * Whether an item that was refused is done all the same: it was sent twice, because the first answer
 * was lost, and the first did it.
 */
async function wasDone<T extends Enrollment>(
  store: EnrollmentStore<T>,
  mode: BulkMode,
  { sent }: SliceItem<T>,
  error: DpsClientError,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (mode === "delete") return error.code === "not-found";
  if (!isDpsClientError(error, "conflict", "etag-mismatch")) return false;
  try {
    return (await settled(store, sent, signal)) !== undefined;
  } catch (cause) {
    if (!isDpsClientError(cause)) throw cause;
    return false;
  }
}

/** Which errors are about which item; the service names the item by its id. */
function errorsOf(
  result: BulkOperationResult,
  keys: ReadonlySet<string>,
): (key: string) => ItemError | undefined {
  const errors = result.errors ?? [];
  const byKey = new Map<string, ItemError>();
  for (const error of errors) {
    const key = idKey(error.registrationId ?? error.enrollmentGroupId ?? "");
    if (keys.has(key) && !byKey.has(key)) byKey.set(key, error);
  }
  // An error of nobody: no item can be said to be done.
  const nobodys = errors.find(
    ({ registrationId, enrollmentGroupId }) =>
      !keys.has(idKey(registrationId ?? enrollmentGroupId ?? "")),
  );
  const unsaid =
    !result.isSuccessful && errors.length === 0
      ? { errorCode: 0, errorStatus: "the operation failed" }
      : undefined;
  return (key) => byKey.get(key) ?? nobodys ?? unsaid;
}

/** Sends one slice. It never throws a client's error: whatever fails is in the outcomes. */
export async function runSlice<T extends Enrollment>(
  store: EnrollmentStore<T>,
  mode: BulkMode,
  { items, keys }: Slice<T>,
  signal: AbortSignal | undefined,
): Promise<BulkOutcome[]> {
  const { transport, kind } = store;
  const verb = verbOf(mode);
  const what = `${verb} ${items.length} ${kind.noun}s`;
  try {
    const answer = await transport.send({
      what,
      method: "POST",
      path: `/${kind.collection}`,
      body: { mode, [kind.collection]: items.map(({ sent }) => sent) },
      signal,
    });
    const result = checked(BulkOperationResult, answer.body, "a bulk operation's result", what);
    const errorFor = errorsOf(result, keys);
    const outcomes = items.map(async (item): Promise<BulkOutcome> => {
      const { id, index } = item;
      const found = errorFor(idKey(id));
      if (found === undefined) return { ok: true, id, index };
      const error = itemError(`${verb} ${kind.noun} ${id}`, mode, item, found);
      const isDone =
        answer.maybeApplied === true && (await wasDone(store, mode, item, error, signal));
      return isDone ? { ok: true, id, index } : { ok: false, id, index, error };
    });
    return await Promise.all(outcomes);
  } catch (error) {
    if (!(error instanceof DpsClientError)) throw error;
    return items.map(({ id, index }) => ({ ok: false, id, index, error }));
  }
}
