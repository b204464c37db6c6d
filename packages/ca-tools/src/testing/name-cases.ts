/** Name constraints: paths that break them, and paths that keep them. */
import type { Oracle } from "./case.ts";
import type { NamedPath } from "./named-paths.ts";

const FACTORY = [["O", "Factory"]] as const;
const device = (organization: string) =>
  [
    ["O", organization],
    ["CN", "dev-1"],
  ] as const;

export interface NameCase extends NamedPath {
  /** Which other programs accept what we refuse, and why. */
  laxer?: Partial<Record<Oracle, string>>;
  /** Which other programs refuse what we accept, and why. */
  stricter?: Partial<Record<Oracle, string>>;
}

const TEXT = "compares it as text";
const UNREAD = "passes over what it cannot read";
const ANY_COMMON_NAME = "takes any common name for a host where there is no other";
const PERMITTED = "does not apply permitted subtrees of this form";

/** What `dps` reads as a registration id. */
export const HOST_AS_COMMON_NAME = "a common name that looks like a host outside";

export const NAMES_REFUSED: Record<string, NameCase> = {
  "a host outside the permitted ones": { permitted: ["dns:example.com"], names: ["dns:a.org"] },
  "a host that only ends like a permitted one": {
    permitted: ["dns:example.com"],
    names: ["dns:badexample.com"],
  },
  "one host of two outside": {
    permitted: ["dns:example.com"],
    names: ["dns:a.example.com", "dns:a.org"],
  },
  "an excluded host": { excluded: ["dns:example.com"], names: ["dns:EXAMPLE.com"] },
  "a host below an excluded one": { excluded: ["dns:example.com"], names: ["dns:a.example.com"] },
  "an excluded host among permitted ones": {
    permitted: ["dns:example.com"],
    excluded: ["dns:bad.example.com"],
    names: ["dns:a.bad.example.com"],
  },
  "a wildcard that stands for an excluded host": {
    excluded: ["dns:bad.example.com"],
    names: ["dns:*.example.com"],
    laxer: { openssl: TEXT, gnutls: TEXT, java: TEXT },
  },
  "a host written with a dot at its end": {
    excluded: ["dns:example.com"],
    names: ["dns:example.com."],
    laxer: { openssl: TEXT, java: TEXT },
  },
  "a host with a zero byte in it": {
    excluded: ["dns:example.com"],
    names: ["dns:example.com\0.org"],
    laxer: { openssl: TEXT, gnutls: TEXT, java: TEXT },
  },
  [HOST_AS_COMMON_NAME]: { permitted: ["dns:example.com"], subject: [["CN", "dev.a.org"]] },
  "an address outside the permitted ones": { permitted: ["ip:10.0.0.0/8"], names: ["ip:11.0.0.1"] },
  "an address of the other version": {
    permitted: ["ip:10.0.0.0/8"],
    names: ["ip:::1"],
    laxer: { gnutls: "knows a permitted subtree for each version" },
  },
  "an excluded address": { excluded: ["ip:10.0.0.0/8"], names: ["ip:10.1.2.3"] },
  "an excluded address of version 6": {
    excluded: ["ip:2001:db8:0:0:0:0:0:0/32"],
    names: ["ip:2001:db8::7"],
  },
  "all addresses excluded": { excluded: ["ip:0.0.0.0/0"], names: ["ip:10.1.2.3"] },
  "a subject outside the permitted ones": {
    permitted: [FACTORY],
    subject: device("Others"),
    laxer: { gnutls: PERMITTED },
  },
  "a subject whose parts are in another order": {
    permitted: [FACTORY],
    subject: [
      ["CN", "dev-1"],
      ["O", "Factory"],
    ],
    laxer: { gnutls: PERMITTED },
  },
  "a subject shorter than what is permitted": {
    permitted: [device("Factory")],
    subject: FACTORY,
    laxer: { gnutls: PERMITTED },
  },
  "an excluded subject in other letters": { excluded: [FACTORY], subject: device(" FACTORY  ") },
  "an excluded directory name beside the subject": {
    excluded: [FACTORY],
    names: [device("Factory")],
  },
  "a mailbox at another host": {
    permitted: ["email:example.com"],
    names: ["email:a@x.example.com"],
  },
  "a mailbox in other letters": {
    permitted: ["email:dev@example.com"],
    names: ["email:DEV@example.com"],
    laxer: { java: "ignores the letter case before the @" },
  },
  "a mailbox at the host whose subdomains are permitted": {
    permitted: ["email:.example.com"],
    names: ["email:a@example.com"],
  },
  "an excluded mailbox in the subject": {
    excluded: ["email:example.com"],
    subject: [
      ["CN", "dev-1"],
      ["E", "a@example.com"],
    ],
  },
  "a mailbox that is none": {
    permitted: ["email:example.com"],
    names: ["email:example.com"],
    laxer: { gnutls: UNREAD, java: UNREAD },
  },
  "a URI of another host": {
    permitted: ["uri:example.com"],
    names: ["uri:https://a.org/x"],
    laxer: { gnutls: PERMITTED },
  },
  "a URI of an excluded host, behind a user and before a port": {
    excluded: ["uri:example.com"],
    names: ["uri:https://user:word@example.com:8443/x"],
    laxer: { openssl: "takes the user for the host" },
  },
  "a URI without a host": {
    permitted: ["uri:example.com"],
    names: ["uri:urn:dev:1"],
    laxer: { gnutls: UNREAD },
  },
  "a URI of an address": {
    excluded: ["uri:example.com"],
    names: ["uri:https://10.0.0.1/"],
    laxer: { openssl: TEXT, java: TEXT },
  },
  "a registered id that is constrained": {
    permitted: ["rid:1.2.3"],
    names: ["rid:1.2.3"],
    laxer: { java: "processes registered ids, and this one is permitted" },
  },
  "another name that is constrained": { excluded: ["other:1.2.3"], names: ["other:1.2.3"] },
  "a mailbox of the other kind where mailboxes are constrained": {
    permitted: ["email:example.com"],
    names: ["other:1.3.6.1.5.5.7.8.9"],
    laxer: { gnutls: "does not know RFC 9598", java: "does not know RFC 9598" },
  },
  "a subtree of limited depth": {
    permitted: ["dns:example.com"],
    maximum: 1,
    names: ["dns:a.example.com"],
    laxer: { gnutls: "does not read the limit" },
  },
  "constraints that are not critical": {
    permitted: ["dns:example.com"],
    names: ["dns:a.org"],
    critical: false,
  },
  "constraints two CAs above": {
    permitted: ["dns:example.com"],
    names: ["dns:a.org"],
    between: "Lower",
  },
  "a CA between that is not permitted": {
    permitted: [FACTORY],
    subject: device("Factory"),
    between: "Lower",
    laxer: { gnutls: PERMITTED },
  },
};

export const NAMES_ACCEPTED: Record<string, NameCase> = {
  "a permitted host": { permitted: ["dns:example.com"], names: ["dns:Example.COM"] },
  "a host below a permitted one": {
    permitted: ["dns:example.com"],
    names: ["dns:b.a.example.com"],
  },
  "a wildcard below a permitted host": {
    permitted: ["dns:example.com"],
    names: ["dns:*.example.com"],
  },
  "a wildcard beside an excluded host": {
    excluded: ["dns:bad.example.com"],
    names: ["dns:*.good.example.com"],
  },
  "one of several permitted hosts": {
    permitted: ["dns:example.com", "dns:example.org"],
    names: ["dns:a.example.org"],
  },
  "a form that is not constrained": {
    permitted: ["dns:example.com"],
    names: ["ip:10.0.0.1"],
    subject: FACTORY,
  },
  "a common name that looks like no host": {
    permitted: ["dns:example.com"],
    stricter: { gnutls: ANY_COMMON_NAME, java: ANY_COMMON_NAME },
  },
  "a common name that looks like a host beside a permitted host": {
    permitted: ["dns:example.com"],
    names: ["dns:example.com"],
    subject: [["CN", "dev.a.org"]],
  },
  "a common name that looks like a permitted host": {
    permitted: ["dns:example.com"],
    subject: [["CN", "dev.example.com"]],
  },
  "a permitted address": { permitted: ["ip:10.0.0.0/8"], names: ["ip:10.255.0.1"] },
  "a permitted address of version 6": {
    permitted: ["ip:2001:db8:0:0:0:0:0:0/32"],
    names: ["ip:2001:db8::7"],
  },
  "an address beside the excluded ones": { excluded: ["ip:10.0.0.0/8"], names: ["ip:11.0.0.1"] },
  "a permitted subject": { permitted: [FACTORY], subject: device("factory") },
  "no subject where subjects are constrained": {
    permitted: [FACTORY],
    subject: [],
    names: ["dns:a.org"],
  },
  "a permitted mailbox": { permitted: ["email:example.com"], names: ["email:A@EXAMPLE.com"] },
  "a mailbox below a permitted domain": {
    permitted: ["email:.example.com"],
    names: ["email:a@b.example.com"],
  },
  "a URI of a permitted host": {
    permitted: ["uri:.example.com"],
    names: ["uri:https://a.example.com/b"],
  },
  "a registered id beside other constraints": { excluded: ["dns:a.org"], names: ["rid:1.2.3"] },
  "a CA of the same name between": {
    permitted: [FACTORY],
    subject: device("Factory"),
    between: "Named",
  },
};
