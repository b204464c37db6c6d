import { styleText } from "node:util";

/** Takes out control characters, so that what a service or a file says cannot steer a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
}

/** As {@link printable}, for text of several lines. */
export function printableLines(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => (character === "\n" ? "\n" : " "));
}

/**
 * JSON that cannot steer a terminal either: what `JSON.stringify` leaves of such characters is written
 * as escapes, which mean the same.
 *
 * @param indent - blanks a level; all on one line where there is none
 */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
    character === "\n" ? character : escaped(character),
  );
}

const escaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
  ).join("");

export type Colour = "green" | "red" | "yellow" | "dim" | "bold";

export function paint(enabled: boolean, colour: Colour, text: string): string {
  return enabled ? styleText(colour, text, { validateStream: false }) : text;
}

/** A path as the user would type it: relative where it lies below the working folder. */
export function shortPath(cwd: string, path: string): string {
  return path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path;
}

export const plural = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;

/** The day of an ISO date, and the days from now to it: never rounded up. */
export function validUntil(now: Date, end: string): string {
  const days = Math.floor((Date.parse(end) - now.getTime()) / 86_400_000);
  return `${end.slice(0, 10)}, ${days < 0 ? "expired" : `${plural(days, "day")} left`}`;
}
