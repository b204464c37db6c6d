import * as v from "valibot";

/** A value that does not have the shape it must have on the wire. */
export class WireError extends Error {
  override readonly name = "WireError";
  /** What the value was meant to be, e.g. "an enrollment group". */
  readonly what: string;
  /** Dotted path of the first wrong member, "" for the value itself. */
  readonly path: string;

  constructor(what: string, path: string, expected: string) {
    super(`not ${what}: ${path === "" ? "the value" : `"${path}"`} must be ${expected}`);
    this.what = what;
    this.path = path;
  }
}

/** A member that is not as it must be; its value is not told. */
export interface WireProblem {
  /** Dotted path, "" for the value itself. */
  path: string;
  /** What it must be: "present", "string", "base64 of 16 to 64 bytes". */
  expected: string;
}

function problemOf(issue: v.BaseIssue<unknown>): WireProblem {
  // Of a member that is missing valibot expects the member's own name. The message of a custom
  // schema is our own.
  const own = issue.type === "custom" ? issue.message : issue.expected;
  const expected = issue.received === "undefined" ? "present" : own;
  return { path: v.getDotPath(issue) ?? "", expected: expected ?? "something else" };
}

/**
 * Checks `value` against `schema` and returns it typed; unknown members stay.
 *
 * valibot's own messages quote the value received, which may be a key: only the path and what was
 * expected there go into the error.
 *
 * @throws {WireError} naming the first wrong member
 */
export function parseWire<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  what: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const { path, expected } = problemOf(result.issues[0]);
  throw new WireError(what, path, expected);
}

/** Everything that is wrong with `value`; nothing if it fits the schema. */
export function wireProblems(schema: v.GenericSchema, value: unknown): WireProblem[] {
  const result = v.safeParse(schema, value);
  return result.success ? [] : result.issues.map(problemOf);
}

/** One of `names`; in the answer of a newer service also another text. */
export function openNames<const N extends readonly string[]>(
  _names: N,
): v.GenericSchema<N[number] | (string & {})> {
  return v.string();
}

/** An object of any members, which are kept as they are. valibot's own schemas take arrays as well. */
export const AnyObject = v.custom<{ [member: string]: unknown }>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "an object",
);

/** What a request must keep beyond its shape. */
export interface Rule<T> {
  /** Members that lead to the one that is wrong. */
  path: readonly string[];
  /** What that must be; never made from the value. */
  expected: string;
  holds: (value: T) => boolean;
}

/** Checks the rules of a value that has its shape. */
export function follows<T>(rules: readonly Rule<T>[]): v.RawCheckAction<T> {
  return v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const { path, expected, holds } of rules) {
      if (holds(dataset.value)) continue;
      const steps = path.map((key) => ({ key }) as v.IssuePathItem);
      const where = steps.length === 0 ? {} : { path: steps as [v.IssuePathItem] };
      addIssue({ expected, received: "other", message: expected, ...where });
    }
  });
}
