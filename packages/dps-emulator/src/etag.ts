import type { Writer } from "./store/store.ts";

const SEQUENCE_KEY = "etag-sequence";

/**
 * Draws the next etag: base64 of a quoted `"{sequence}-0000-0700-0000-{unix seconds}0000"`, the form
 * the service's database gives them. The sequence lives in the store, so no two writes share one.
 */
export function nextEtag(store: Writer, now: Date): string {
  const sequence = ((store.get(SEQUENCE_KEY) as number | undefined) ?? 0x05000000) + 1;
  store.put(SEQUENCE_KEY, sequence);
  const hex = (value: number) => value.toString(16).padStart(8, "0");
  const seconds = Math.floor(now.getTime() / 1000);
  return Buffer.from(`"${hex(sequence)}-0000-0700-0000-${hex(seconds)}0000"`).toString("base64");
}

/** Whether an If-Match value allows a write on `etag`: equal to it, or `*`. */
export function allowsWrite(ifMatch: string, etag: string): boolean {
  return ifMatch.trim() === "*" || ifMatch.trim() === etag;
}

/** The same modulo quotes: Azure Resource Manager's clients send both forms. */
export function allowsWriteUnquoted(ifMatch: string, etag: string): boolean {
  return allowsWrite(ifMatch.trim().replace(/^"(.*)"$/, "$1"), etag);
}
