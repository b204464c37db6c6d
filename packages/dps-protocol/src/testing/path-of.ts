import { parseWire, WireError } from "../schema.ts";

type Schema = Parameters<typeof parseWire>[0];

/** The path at which a value is refused. */
export function pathOf(schema: Schema, value: unknown): string {
  try {
    parseWire(schema, value, "an object");
  } catch (error) {
    if (error instanceof WireError) return error.path;
    throw error;
  }
  throw new Error("was not refused");
}
