import { setMaxListeners } from "node:events";
import { clientError, type DpsClientError } from "./errors.ts";

/** The error for a call that its caller ended. */
export function aborted(what: string, signal: AbortSignal | undefined): DpsClientError {
  return clientError("aborted", `${what}: aborted`, { cause: signal?.reason });
}

const LEAVING = new WeakMap<AbortSignal, Set<() => void>>();

function leavers(signal: AbortSignal): Set<() => void> {
  const known = LEAVING.get(signal);
  if (known !== undefined) return known;
  const made = new Set<() => void>();
  LEAVING.set(signal, made);
  // Node takes more than ten listeners for a leak, and further on each request has one of its own.
  if (signal instanceof EventTarget) setMaxListeners(0, signal);
  signal.addEventListener("abort", () => {
    for (const leave of made) leave();
  });
  return made;
}

/**
 * Has `leave` called when the signal aborts, and returns what takes that back. Thousands of calls may
 * share a signal; one listener serves them all, for each more makes an EventTarget slower.
 */
export function onAbort(signal: AbortSignal | undefined, leave: () => void): () => void {
  if (signal === undefined) return () => {};
  const all = leavers(signal);
  all.add(leave);
  return () => all.delete(leave);
}
