/** A DER element (X.690 §10.1) of the parts, which are put one after the other. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return [0x80 | bytes.length, ...bytes];
}

/** An INTEGER that is not negative, of hex digits. */
export function positiveInteger(hex: string): Buffer {
  const digits = BigInt(`0x${hex}`).toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  // One zero byte in front where the first bit would make it negative.
  return element(0x02, Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, "hex"));
}
