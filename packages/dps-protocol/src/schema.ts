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
  const [issue] = result.issues;
  // Of a member that is missing valibot expects the member's own name.
  const expected = issue.received === "undefined" ? "present" : issue.expected;
  throw new WireError(what, v.getDotPath(issue) ?? "", expected ?? "something else");
}
