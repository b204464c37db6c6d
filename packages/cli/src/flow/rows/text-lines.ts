import { usageError } from "../../errors.ts";

/** Longest line, or element of a JSON array, that is read, in UTF-16 units. */
export const MAX_ROW_LENGTH = 1_048_576;

export interface TextLine {
  /** From 1. */
  line: number;
  /** Without its end; undefined where it is longer than {@link MAX_ROW_LENGTH}. */
  text: string | undefined;
}

/**
 * UTF-8 as text, without a byte order mark, chunk by chunk.
 *
 * @param name - of the input, for the error
 * @throws {CliError} `usage` for bytes that are no UTF-8
 */
export async function* decodeText(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const chunk of bytes) yield checked(decoded(decoder, chunk), name);
  yield checked(decoded(decoder), name);
}

function decoded(
  decoder: InstanceType<typeof TextDecoder>,
  chunk?: Uint8Array,
): string | undefined {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    return undefined;
  }
}

function checked(text: string | undefined, name: string): string {
  if (text !== undefined) return text;
  throw usageError(`${name} is no text in UTF-8`, "save it as UTF-8 and try again");
}

/** The lines of a text; a line feed ends each, with or without a carriage return before it. */
export async function* textLines(
  chunks: AsyncIterable<string>,
): AsyncGenerator<TextLine, void, undefined> {
  let [line, rest, isTooLong] = [0, "", false];
  const finish = (text: string): TextLine => {
    line += 1;
    const whole = isTooLong || text.length > MAX_ROW_LENGTH ? undefined : text;
    isTooLong = false;
    return { line, text: whole?.replace(/\r$/, "") };
  };
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) yield finish(part);
    if (rest.length <= MAX_ROW_LENGTH) continue;
    isTooLong = true;
    rest = "";
  }
  if (rest !== "" || isTooLong) yield finish(rest);
}
