import { resolve } from "node:path";
import { readAtMost } from "@dps-certs/ca-tools";
import { MAX_BODY_BYTES } from "@dps-certs/dps-protocol";
import { CliError, usageError } from "../../errors.ts";

const MEMBERS: ReadonlySet<string> = new Set(["tags", "properties"]);
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the first device twin: `{"tags": {…}, "properties": {"desired": {…}}}`.
 *
 * @param given - a file, or the JSON itself, which begins with a brace
 * @throws {CliError} `usage`
 */
export async function readTwin(cwd: string, given: string): Promise<Record<string, unknown>> {
  const isInline = given.trimStart().startsWith("{");
  const where = isInline ? "--initial-twin" : `--initial-twin: ${given}`;
  const text = isInline ? given : await readText(resolve(cwd, given), where);
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) {
    throw usageError(`${where} has more than ${MAX_BODY_BYTES} bytes, which the service refuses`);
  }
  return parseTwin(text, where);
}

async function readText(path: string, where: string): Promise<string> {
  const refuse = (problem: string) => usageError(`${where} ${problem}`);
  const bytes = await readAtMost(path, MAX_BODY_BYTES + 1, { refuse }).catch((error: Error) => {
    if (error instanceof CliError) throw error;
    throw usageError(`--initial-twin: ${error.message}`, "JSON itself begins with a brace");
  });
  const text = decoded(bytes);
  if (text === undefined) throw refuse("is no text in UTF-8");
  return text;
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * @param where - begins the message of an error
 * @throws {CliError} `usage`, which does not quote the text
 */
export function parseTwin(text: string, where: string): Record<string, unknown> {
  const twin = parse(text, where);
  const form = 'a twin is {"tags": {…}, "properties": {"desired": {…}}}';
  if (!isObject(twin)) throw usageError(`${where} is no JSON object`, form);
  const other = Object.keys(twin).find((name) => !MEMBERS.has(name));
  if (other !== undefined) {
    throw usageError(`${where} has a member that no initial twin has`, form);
  }
  const { tags, properties } = twin;
  const desired = isObject(properties) ? properties.desired : undefined;
  const isWrong = (part: unknown) => part !== undefined && part !== null && !isObject(part);
  if ([tags, properties, desired].some(isWrong)) {
    throw usageError(`${where}: tags, properties and desired are JSON objects`, form);
  }
  return twin;
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    // The engine's own message quotes the text.
    const position = / at position \d+/.exec((error as Error).message)?.[0] ?? "";
    throw usageError(`${where} is no JSON${position && `: the mistake is${position}`}`);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
