/**
 * yargs gives no command the arguments behind `--`, and takes for an option what begins with a dash.
 * So `--` is taken out, and such an argument gets an invisible character in front while yargs reads it.
 */
const SHIELD = "\u2060";

/** What is handed to yargs. */
export function shieldDashes(words: readonly string[]): string[] {
  const end = words.indexOf("--");
  if (end === -1) return [...words];
  const behind = words.slice(end + 1);
  return [
    ...words.slice(0, end),
    ...behind.map((word) => (word.startsWith("-") ? SHIELD + word : word)),
  ];
}

/** What yargs read, as it was typed. */
export function unshieldDashes(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(unshield) : unshield(value),
    ]),
  );
}

const unshield = (value: unknown) =>
  typeof value === "string" && value.startsWith(`${SHIELD}-`) ? value.slice(1) : value;
