import width from "fast-string-width";
import { printable } from "./text.ts";

/** Rows under headings, columns padded to their widest cell. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [headings, ...rows].map((row) => row.map(printable));
  const widths = headings.map((_, column) =>
    Math.max(...cells.map((row) => width(row[column] ?? ""))),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** Names and values, one a line; what is undefined is left out. */
export function fields(entries: readonly (readonly [string, string | undefined])[]): string {
  const present = entries.filter(
    (entry): entry is readonly [string, string] => entry[1] !== undefined,
  );
  const longest = Math.max(0, ...present.map(([name]) => name.length));
  return present.map(([name, value]) => `${name.padEnd(longest)}  ${printable(value)}\n`).join("");
}
