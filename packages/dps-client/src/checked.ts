import { parseWire, WireError } from "@dps-certs/dps-protocol";
import { clientError, DpsClientError } from "./errors.ts";

type Schema = Parameters<typeof parseWire>[0];

/**
 * Checks an answer against the shape it must have.
 *
 * @throws {DpsClientError} `protocol`, naming the wrong member and never its value
 */
export function checked<S extends Schema>(
  schema: S,
  body: unknown,
  shape: string,
  what: string,
): ReturnType<typeof parseWire<S>> {
  try {
    return parseWire(schema, body, shape);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw clientError("protocol", `${what}: the answer is ${cause.message}`, { cause });
  }
}

/** Refuses a name before it goes into a path; `kind` says what the name is of. */
export function requireValid(problem: string | undefined, kind: string, name: string): void {
  if (problem === undefined) return;
  throw new DpsClientError("invalid-argument", `${kind} ${JSON.stringify(name)}: ${problem}`);
}

/** Longest time that a timer holds; beyond it, Node's fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Refuses what is no length of time. */
export function requireMilliseconds(value: number, what: string): void {
  if (value > 0 && value <= LONGEST_MS) return;
  throw new DpsClientError(
    "invalid-argument",
    `${what} is milliseconds, more than 0 and at most ${LONGEST_MS}`,
  );
}

/** Turns "not found" into undefined. */
export async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof DpsClientError && error.code === "not-found") return undefined;
    throw error;
  }
}

/**
 * The outcome of a change whose answer may have been lost: if it was sent again and then refused
 * because something is already (or no longer) there, what is there now decides.
 *
 * @param settled gives the result if the service is in the wanted state, else undefined
 */
export async function settleLost<T>(
  change: () => Promise<T>,
  settled: () => Promise<T | undefined>,
): Promise<T> {
  try {
    return await change();
  } catch (error) {
    const refused =
      error instanceof DpsClientError &&
      error.maybeApplied &&
      // A verification code is good for one proof.
      ["conflict", "etag-mismatch", "proof-of-possession-failed"].includes(error.code);
    const result = refused ? await settled() : undefined;
    if (result === undefined) throw error;
    return result;
  }
}

/** A deletion that was sent twice because its first answer was lost: if nothing is there, it is done. */
export async function goneIfLost(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof DpsClientError && error.code === "not-found" && error.maybeApplied)) {
      throw error;
    }
  }
}
