/** Takes an input apart into the objects that it holds, without reading them. */

/** One object of an input: DER, and the text that it stood in. */
export interface Block {
  /** Of PEM: `CERTIFICATE`. */
  label?: string;
  /** Line of PEM's first boundary, from 1. */
  line?: number;
  /** Of PEM: the block with its boundaries. May be a secret. */
  text?: string;
  der?: Uint8Array;
  /** What keeps it from being read, as the end of a sentence about it. */
  problem?: string;
}

/** Objects looked at in one input. */
const MAX_BLOCKS = 1000;

const BEGIN = "-----BEGIN ";
const END = "-----END ";
const SEQUENCE = 0x30;

/** @returns at least one; what is no PEM, DER or base64 becomes one with a problem */
export function splitBlocks(input: Uint8Array): Block[] {
  if (input.length === 0) return [{ problem: "is empty" }];
  const declared = derSize(input);
  if (declared === input.length) return [{ der: input }];
  const text = Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString("latin1");
  if (text.includes(BEGIN)) return pemBlocks(text);
  const unarmoured = base64Bytes(text);
  if (unarmoured !== undefined) return nested(unarmoured);
  return [{ problem: problemOf(input, text, declared) }];
}

/** Base64 holds DER, or (in the fields of the service's API) PEM: nothing deeper is looked for. */
function nested(bytes: Uint8Array): Block[] {
  const text = Buffer.from(bytes).toString("latin1");
  if (text.includes(BEGIN)) return pemBlocks(text);
  if (derSize(bytes) === bytes.length) return [{ der: bytes }];
  return [{ problem: "is base64, and holds neither DER nor PEM" }];
}

function problemOf(input: Uint8Array, text: string, declared: number | undefined): string {
  if (/^\0+$/.test(text)) return "holds nothing but zero bytes";
  if (/B\0E\0G\0I\0N\0/.test(text)) return "is text in UTF-16; save it as UTF-8 or ASCII";
  // Text may begin with the character 0, which is the same byte.
  const isDer = input[0] === SEQUENCE && ((input[1] ?? 0) & 0x80) !== 0;
  if (isDer && declared !== undefined) {
    return declared < input.length
      ? `has ${input.length - declared} bytes behind the end of its DER`
      : "is DER that is cut off";
  }
  return "is neither PEM nor DER";
}

/** Size that a DER SEQUENCE says it has; the input's where it has no definite length (BER). */
function derSize(bytes: Uint8Array): number | undefined {
  const first = bytes[1];
  if (bytes[0] !== SEQUENCE || first === undefined) return undefined;
  if (first === 0x80) return bytes.length;
  const digits = first < 0x80 ? 0 : first & 0x7f;
  if (digits > 4) return undefined;
  const length = bytes.subarray(2, 2 + digits).reduce((sum, digit) => sum * 256 + digit, 0);
  return 2 + digits + (digits === 0 ? first : length);
}

/** In one pass: hostile input repeats boundaries. */
function pemBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = lineCounter(text);
  let end = -1;
  for (let at = text.indexOf(BEGIN); at !== -1; ) {
    const line = lines(at);
    if (blocks.length === MAX_BLOCKS) {
      return [...blocks, { line, problem: `is more than the ${MAX_BLOCKS} objects that are read` }];
    }
    const next = text.indexOf(BEGIN, at + BEGIN.length);
    if (end !== Number.POSITIVE_INFINITY && end < at) end = indexOr(text.indexOf(END, at));
    const limit = next === -1 ? text.length : next;
    blocks.push({ line, ...pemBlock(text.slice(at, limit), end < limit ? end - at : undefined) });
    at = next;
  }
  return blocks;
}

const indexOr = (index: number) => (index === -1 ? Number.POSITIVE_INFINITY : index);

/**
 * @param text - from one BEGIN to the next
 * @param end - where its END begins
 */
function pemBlock(text: string, end: number | undefined): Block {
  const label = /^-----BEGIN ([^\r\n-]{1,64})-----/.exec(text)?.[1];
  if (label === undefined) return { problem: "has a damaged first line" };
  const start = BEGIN.length + label.length + 5;
  const closing = `${END}${label}-----`;
  if (end === undefined) return { label, problem: "is cut off: its END line is missing" };
  if (!text.startsWith(closing, end)) {
    return { label, problem: `ends with another line than ${closing}` };
  }
  const block = { label, text: text.slice(0, end + closing.length) };
  const body = text.slice(start, end);
  // The old encrypted keys carry headers and hold no DER.
  if (/^\s*[A-Za-z-]+:/.test(body)) return block;
  const der = base64Bytes(body);
  return der === undefined ? { label, problem: "is damaged: it is not base64" } : { ...block, der };
}

function base64Bytes(text: string): Uint8Array | undefined {
  const digits = text.replace(/^\xEF\xBB\xBF/, "").replace(/\s+/g, "");
  if (digits.length < 4 || digits.length % 4 !== 0) return undefined;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(digits)) return undefined;
  return new Uint8Array(Buffer.from(digits, "base64"));
}

/** Line of a position; positions are asked for in order. */
function lineCounter(text: string): (position: number) => number {
  let [line, at] = [1, 0];
  return (position) => {
    for (let next = text.indexOf("\n", at); next !== -1 && next < position; ) {
      [line, at] = [line + 1, next + 1];
      next = text.indexOf("\n", at);
    }
    return line;
  };
}
