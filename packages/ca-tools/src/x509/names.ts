import { Name } from "./library.ts";

/**
 * A subject that holds one common name, as UTF8String. Built from structure: text such as `a,b`,
 * `#dev` or `a"b` would be read as syntax if it were glued into `CN=…`.
 */
export function commonNameSubject(commonName: string): Name {
  return new Name([{ CN: [{ utf8String: commonName }] }]);
}

/**
 * A key under which names that RFC 5280 §7.1 calls equal are equal: letter case, runs of white space
 * and the string type do not count.
 */
export function nameKey(name: Name): string {
  const fold = (value: unknown) =>
    JSON.stringify(value).normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
  return name
    .toJSON()
    .map((rdn) =>
      Object.entries(rdn)
        .map(([type, values]) => `${type}=${fold(values)}`)
        .sort()
        .join("+"),
    )
    .join(",");
}
