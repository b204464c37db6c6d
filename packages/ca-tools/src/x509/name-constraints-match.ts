import { isIPv4 } from "node:net";
import type { ReadName } from "./general-names.ts";
import { directoryBelow } from "./name-constraints-directory.ts";

/**
 * Whether a name lies in a subtree. `unknown`: it cannot be told, because the form is not processed
 * or one of the two is malformed; nothing may rest on such a comparison.
 */
export type Match = "yes" | "no" | "unknown";

/** The forms of names that can be compared with one another have the same key. */
export const formOf = (name: ReadName): string => (name.type === "other" ? name.form : name.type);

/**
 * Whether the name lies below the base, both of one form (RFC 5280 §4.2.1.10).
 *
 * @param excluded - a wildcard lies in an excluded subtree when one of its names does, in a permitted
 *   one when all do
 */
export function matches(name: ReadName, base: ReadName, excluded: boolean): Match {
  if (name.type === "dns" && base.type === "dns") return dns(name.text, base.text, excluded);
  if (name.type === "email" && base.type === "email") return email(name.text, base.text);
  if (name.type === "uri" && base.type === "uri") return uri(name.text, base.text);
  if (name.type === "ip" && base.type === "ip") return address(name.bytes, base.bytes);
  if (name.type === "directory" && base.type === "directory") {
    return is(directoryBelow(name.name, base.name));
  }
  return "unknown";
}

const is = (condition: boolean): Match => (condition ? "yes" : "no");

/** The "preferred name syntax" of §4.2.1.6, and the underscore that is met in practice. */
const HOST = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/i;
const isHost = (text: string) => HOST.test(text);

/** A base with a dot in front, which only the other forms have in the RFC, is read as OpenSSL does. */
function dns(name: string, base: string, excluded: boolean): Match {
  const isWildcard = name.startsWith("*.");
  const isReadable = base === "" || isHost(base.replace(/^\./, ""));
  if (!isHost(isWildcard ? name.slice(2) : name) || !isReadable) return "unknown";
  const [host, suffix] = [name.toLowerCase(), base.toLowerCase()];
  if (suffix === "" || host === suffix) return "yes";
  if (host.endsWith(suffix.startsWith(".") ? suffix : `.${suffix}`)) return "yes";
  const parent = suffix.slice(suffix.indexOf("."));
  return is(excluded && isWildcard && parent === host.slice(1) && !suffix.startsWith("."));
}

/** A host itself, or with a dot in front all hosts below it. */
function host(name: string, base: string): Match {
  if (!isHost(name) || !isHost(base.replace(/^\./, ""))) return "unknown";
  const [full, suffix] = [name.toLowerCase(), base.toLowerCase()];
  return is(suffix.startsWith(".") ? full.endsWith(suffix) : full === suffix);
}

const MAILBOX = /^([\x21-\x7e]+)@([^@]+)$/;

/** A base is one mailbox, or a host. The part before the `@` keeps its case (RFC 5321 §2.4). */
function email(name: string, base: string): Match {
  const [, local, domain] = MAILBOX.exec(name) ?? [];
  if (local === undefined || domain === undefined) return "unknown";
  if (!base.includes("@")) return host(domain, base);
  const [, wanted, wantedDomain] = MAILBOX.exec(base) ?? [];
  if (wanted === undefined || wantedDomain === undefined || wantedDomain.startsWith(".")) {
    return "unknown";
  }
  const sameDomain = host(domain, wantedDomain);
  return sameDomain === "yes" ? is(local === wanted) : sameDomain;
}

/** RFC 3986 §3: the authority, without what stands before `@`, and without the port. */
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@:]+)(?::[0-9]*)?(?:[/?#]|$)/i;

/** A URI without a host name must be refused where hosts are constrained (§4.2.1.10). */
function uri(name: string, base: string): Match {
  const authority = AUTHORITY.exec(name)?.[1];
  return authority === undefined || isIPv4(authority) ? "unknown" : host(authority, base);
}

/** A base is an address and a mask of the same length. */
function address(name: Uint8Array, base: Uint8Array): Match {
  const isAddress = name.length === 4 || name.length === 16;
  const isBlock = base.length === 8 || base.length === 32;
  if (!isAddress || !isBlock) return "unknown";
  if (base.length !== name.length * 2) return "no";
  const masked = (byte: number, at: number) => byte & (base[name.length + at] ?? 0xff);
  return is(name.every((byte, at) => masked(byte, at) === masked(base[at] ?? 0, at)));
}
