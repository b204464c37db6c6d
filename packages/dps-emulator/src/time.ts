/** The forms in which the planes write points in time. */

/** Management plane: `Tue, 03 May 2022 17:50:03 GMT` (RFC 9110 §5.6.7). */
export function httpDate(time: Date): string {
  return time.toUTCString();
}

/** Data and device planes: up to seven decimals, trailing zeros trimmed as the service does. */
export function timestamp(time: Date): string {
  return time.toISOString().replace(/\.?0*Z$/, "Z");
}

/** Certificate information: whole seconds, no fraction. */
export function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** Inside the messages of the management plane: `2023-02-16 22:40:41Z`. */
export function messageTime(time: Date): string {
  return wholeSeconds(time).replace("T", " ");
}
