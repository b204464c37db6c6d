import { parseWire, WireError } from "@dps-certs/dps-protocol";
import type { GenericSchema, InferOutput } from "valibot";
import { Refusal, refusal } from "../problems.ts";

/** Levels of a body: JSON.parse takes any number, and whoever writes it again overflows the stack. */
const MAX_DEPTH = 64;

/**
 * Reads a JSON body, whatever content type or encoding the request claims: curl as documented sends
 * `Content-Encoding: utf-8`.
 *
 * @throws {Refusal} `malformed-body`
 */
export function readJson(body: Uint8Array): unknown {
  const json = parse(body);
  if (json === undefined) throw new Refusal("malformed-body", "it cannot be parsed.");
  if (isDeeper(json.value, MAX_DEPTH)) {
    throw new Refusal("malformed-body", "it is nested too deeply.");
  }
  return json.value;
}

/** The error is not passed on: JSON.parse quotes the text, which may hold a key. */
function parse(body: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) };
  } catch {
    return undefined;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}

/**
 * Reads a JSON body of a given shape.
 *
 * @param what - what the body is, with its article
 * @throws {Refusal} `malformed-body`, `bad-request`
 */
export function readBody<S extends GenericSchema>(
  schema: S,
  body: Uint8Array,
  what: string,
): InferOutput<S> {
  const value = readJson(body);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Refusal("malformed-body", `it must be ${what}.`);
  }
  try {
    return parseWire(schema, value, what);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw refusal("bad-request", `The body is ${cause.message}.`, cause);
  }
}
