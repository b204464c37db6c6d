import { isIP, isIPv6 } from "node:net";
import { CaToolsError } from "../errors.ts";
import type { Names } from "../x509/extensions.ts";

/** Names that one certificate is given at the most. */
const MAX_NAMES = 100;
const LABEL = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/;

/** Whether this is a host name (RFC 1123 §2.1): not an address, no wildcard, no final dot. */
export function isHostName(text: string): boolean {
  const labels = text.split(".");
  // A last label of digits alone would be read as part of an address.
  return (
    text.length <= 253 && labels.every((one) => LABEL.test(one)) && /\D/.test(labels.at(-1) ?? "")
  );
}

/**
 * Names for a subjectAltName (RFC 5280 §4.2.1.6) as they are to stand there: each once, addresses in
 * one notation.
 *
 * @param names - host names, in which `*` may be the whole of the first label (RFC 6125 §6.4.3), and
 * IPv4 or IPv6 addresses
 * @throws {CaToolsError} `invalid-name`
 */
export function alternativeNames({ dns = [], ip = [] }: Names): Required<Names> {
  if (dns.length + ip.length > MAX_NAMES) {
    throw invalid(`${dns.length + ip.length} names`, `are more than the ${MAX_NAMES} that fit`);
  }
  return {
    dns: distinct(dns.map(hostName)),
    ip: distinct(ip.map(address)),
  };
}

/** The names that a server known by this name answers to. */
export const namesOfServer = (name: string): Names =>
  isIP(name) !== 0 ? { ip: [name] } : isHostName(name) ? { dns: [name] } : {};

function hostName(name: string): string {
  if (isIP(name) !== 0) throw invalid(quoted(name), "is an address", "give it with --ip");
  if (isHostName(name.startsWith("*.") ? name.slice(2) : name)) return name;
  throw invalid(
    quoted(name),
    "is not a host name",
    "a host name has letters, digits and - between dots; * may stand for the first part, and names in other scripts are written with xn--",
  );
}

function address(text: string): string {
  // A zone (`%eth0`) means something on one machine only.
  if (isIP(text) === 0 || text.includes("%")) {
    throw invalid(quoted(text), "is not an IPv4 or IPv6 address");
  }
  // The URL parser writes IPv6 as RFC 5952 wants it; the ASN.1 library misreads `::ffff:10.0.0.5`.
  return isIPv6(text) ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text;
}

const distinct = (names: readonly string[]) => [
  ...new Map(names.map((name) => [name.toLowerCase(), name])).values(),
];

const quoted = (text: string) =>
  JSON.stringify(text.length > 140 ? `${text.slice(0, 140)}…` : text);

function invalid(subject: string, problem: string, hint?: string): CaToolsError {
  return new CaToolsError(
    "invalid-name",
    `${subject} ${problem}`,
    hint === undefined ? {} : { hint },
  );
}
