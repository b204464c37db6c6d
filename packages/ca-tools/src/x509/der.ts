/** One DER element: its tag, what it holds, and where the next one begins. */
export interface Element {
  tag: number;
  content: Uint8Array;
  end: number;
}

/**
 * The elements that stand one after the other, up to the last byte. Strict where the ASN.1 library
 * is lenient: what decides who may issue must not be readable in two ways (X.690 §10.1).
 *
 * @throws {Error} without content of the input
 */
export function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; at = found.at(-1)?.end ?? bytes.length) {
    found.push(elementAt(bytes, at));
  }
  return found;
}

/** The elements within the one element, of that tag, that the bytes are. */
export function within(bytes: Uint8Array, tag: number): Element[] {
  const [only, ...others] = elements(bytes);
  if (only?.tag !== tag || others.length > 0) throw new Error("not the structure it should be");
  return elements(only.content);
}

function elementAt(bytes: Uint8Array, at: number): Element {
  const tag = bytes[at] ?? 0;
  const first = bytes[at + 1] ?? 0;
  const size = first < 0x80 ? 0 : first & 0x7f;
  const digits = bytes.subarray(at + 2, at + 2 + size);
  const length = size === 0 ? first : digits.reduce((sum, digit) => sum * 256 + digit, 0);
  const isShortest = size === 0 || (size < 5 && length >= (size === 1 ? 0x80 : 256 ** (size - 1)));
  const start = at + 2 + size;
  const isLongTag = (tag & 0x1f) === 0x1f;
  if (first === 0x80 || !isShortest || isLongTag || start + length > bytes.length) {
    throw new Error("not DER");
  }
  return { tag, content: bytes.subarray(start, start + length), end: start + length };
}
