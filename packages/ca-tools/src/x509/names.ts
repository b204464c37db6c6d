import { Name } from "./library.ts";

/**
 * A subject that holds one common name, as UTF8String. Built from structure: text such as `a,b`,
 * `#dev` or `a"b` would be read as syntax if it were glued into `CN=…`.
 */
export function commonNameSubject(commonName: string): Name {
  return new Name([{ CN: [{ utf8String: commonName }] }]);
}

/**
 * A key under which names that RFC 5280 §7.1 calls equal are equal: letter case, string types and
 * white space do not count, neither runs of it nor what stands at the ends. Empty for an empty name.
 */
export function nameKey(name: Name): string {
  const parts = name.toJSON().map((rdn) =>
    Object.entries(rdn)
      .map(([type, values]) => JSON.stringify([type, ...values.map(fold)]))
      .sort(),
  );
  return parts.length === 0 ? "" : JSON.stringify(parts);
}

// Before anything is put between quotes: folding makes quotes of other characters.
function fold(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
}
