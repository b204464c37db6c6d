import type { AttributeValue, Name, RelativeDistinguishedName } from "@peculiar/asn1-x509";

/**
 * Whether a directory name begins with all parts of another (RFC 5280 §4.2.1.10), compared after
 * §7.1: letter case, string types and white space do not count, neither inside runs nor at the ends.
 */
export function directoryBelow(name: Name, base: Name): boolean {
  return (
    base.length <= name.length &&
    base.every((part, at) => partKey(part) === partKey(name[at] ?? part))
  );
}

function partKey(part: RelativeDistinguishedName): string {
  const attributes = Array.from(part, ({ type, value }) => [type, valueKey(value)]);
  return JSON.stringify(attributes.map((attribute) => JSON.stringify(attribute)).sort());
}

function valueKey(value: AttributeValue): string {
  // Unlike text, what is not a string counts to the bit.
  if (value.anyValue) return `#${Buffer.from(value.anyValue).toString("hex")}`;
  return `=${value.toString().normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim()}`;
}
