/** Certification paths that the openssl command refuses, and such that it accepts. */
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { generateKeyPair } from "../x509/keys.ts";
import { issue, rootCa } from "./authority.ts";
import type { Oracle, RefusedCase } from "./case.ts";
import { FORM_REFUSED } from "./form-cases.ts";
import { NAMES_ACCEPTED, NAMES_REFUSED } from "./name-cases.ts";
import { namedPath } from "./named-paths.ts";
import { CA_EXTENSIONS, LEAF_EXTENSIONS, opensslIssue } from "./openssl-ca.ts";
import {
  below,
  caWith,
  certificates,
  DATES,
  FUTURE,
  intermediate,
  leaf,
  leafWith,
  PAST,
  root,
  without,
} from "./paths.ts";
import { scratch } from "./scratch.ts";

const NO_PURPOSE = "asks for no purpose";

/** Paths that other programs refuse, and what `strict` says of them. */
export const REFUSED: Record<string, RefusedCase> = {
  ...FORM_REFUSED,
  ...Object.fromEntries(
    Object.entries(NAMES_REFUSED).map(([name, { laxer = {}, ...request }]) => [
      name,
      { expect: "name-not-permitted" as const, path: () => namedPath(request), laxer },
    ]),
  ),
  "an expired leaf": {
    expect: "expired",
    path: async () =>
      certificates(
        await issue("dev-1", intermediate, { ...PAST, profile: "device" }),
        intermediate,
        root,
      ),
  },
  "an expired intermediate": {
    expect: "expired",
    path: async () => {
      const ca = await issue("Intermediate", root, PAST);
      return certificates(await issue("dev-1", ca, { ...DATES, profile: "device" }), ca, root);
    },
  },
  "an expired trust anchor": {
    expect: "expired",
    laxer: { java: "reads nothing of an anchor but name and key" },
    path: async () => {
      const old = await rootCa("Old", PAST);
      return certificates(await issue("dev-1", old, { ...DATES, profile: "device" }), old);
    },
  },
  "an intermediate that is not valid yet": {
    expect: "not-yet-valid",
    path: async () => {
      const ca = await issue("Intermediate", root, FUTURE);
      return certificates(await issue("dev-1", ca, { ...DATES, profile: "device" }), ca, root);
    },
  },
  "an issuer with CA:FALSE": {
    expect: "not-a-ca",
    path: () => below(caWith("No CA", "basicConstraints=critical,CA:FALSE")),
  },
  "an issuer without basicConstraints": {
    expect: "not-a-ca",
    path: () =>
      below({ subject: "/CN=Plain", extensions: without(CA_EXTENSIONS, "basicConstraints") }),
  },
  "an issuer of version 1": {
    expect: "not-a-ca",
    path: () => below({ subject: "/CN=Version 1", extensions: [] }),
  },
  "an issuer without keyCertSign": {
    expect: "no-key-cert-sign",
    path: () => below(caWith("No Signer", "keyUsage=critical,digitalSignature,cRLSign")),
  },
  "a path longer than a CA allows": {
    expect: "path-too-long",
    path: async () => {
      const short = opensslIssue(scratch(), {
        ...caWith("Short", "basicConstraints=critical,CA:TRUE,pathlen:0"),
        issuer: root,
      });
      const ca = await issue("Below", short, DATES);
      return certificates(
        await issue("dev-1", ca, { ...DATES, profile: "device" }),
        ca,
        short,
        root,
      );
    },
  },
  "a critical extension that nobody knows, in a CA": {
    expect: "unknown-critical-extension",
    path: () => below(caWith("Odd", "1.2.3.4=critical,ASN1:NULL")),
  },
  "a critical extension that nobody knows, in the leaf": {
    expect: "unknown-critical-extension",
    path: async () => leafWith([...LEAF_EXTENSIONS, "1.2.3.4=critical,ASN1:NULL"]),
  },
  "a signature by another key of the same name": {
    expect: "not-issued",
    path: async () => certificates(leaf, await issue("Intermediate", root, DATES), root),
  },
  "a signature with a bit changed": {
    expect: "not-issued",
    path: async () => [damaged(leaf.certificate), intermediate.certificate, root.certificate],
  },
  "an issuer of another name, whose key it is": {
    expect: "not-issued",
    path: async () => {
      const keys = await generateKeyPair();
      const ca = await issue("Other", root, { ...DATES, keys });
      const signer = await issue("Intermediate", root, { ...DATES, keys });
      return certificates(await issue("dev-1", signer, { ...DATES, profile: "device" }), ca, root);
    },
  },
  "a stranger's chain with our names": {
    expect: "not-issued",
    path: async () => {
      const theirs = await rootCa("Root", DATES);
      const ca = await issue("Intermediate", theirs, DATES);
      const stranger = await issue("dev-1", ca, { ...DATES, profile: "device" });
      return certificates(stranger, ca, root);
    },
  },
  "a missing issuer": {
    expect: "not-issued",
    path: async () => certificates(leaf, root),
  },
  "a leaf for servers": {
    expect: "wrong-purpose",
    laxer: { java: NO_PURPOSE },
    path: async () =>
      certificates(await issue("dev-1", root, { ...DATES, profile: "server" }), root),
  },
  "a leaf for any purpose": {
    expect: "wrong-purpose",
    laxer: { gnutls: "takes any purpose for the one asked for", java: NO_PURPOSE },
    path: async () =>
      leafWith([...without(LEAF_EXTENSIONS, "extendedKeyUsage"), "extendedKeyUsage=2.5.29.37.0"]),
  },
  "a leaf whose key may not sign": {
    expect: "wrong-purpose",
    laxer: { gnutls: "holds no keyUsage against a purpose", java: NO_PURPOSE },
    path: async () =>
      leafWith([...without(LEAF_EXTENSIONS, "keyUsage"), "keyUsage=keyEncipherment"]),
  },
  "a CA for servers": {
    expect: "wrong-purpose",
    laxer: { java: NO_PURPOSE },
    path: () => below(caWith("Servers", "extendedKeyUsage=serverAuth")),
  },
  "a trust anchor for servers": {
    expect: "wrong-purpose",
    laxer: { gnutls: "reads no purpose in an anchor", java: NO_PURPOSE },
    path: async () => {
      const anchor = opensslIssue(scratch(), caWith("Servers", "extendedKeyUsage=serverAuth"));
      return certificates(await issue("dev-1", anchor, { ...DATES, profile: "device" }), anchor);
    },
  },
  "a CA with a path length that may not sign": {
    expect: "no-key-cert-sign",
    path: () =>
      below(
        caWith(
          "No Signer",
          "basicConstraints=critical,CA:TRUE,pathlen:0",
          "keyUsage=critical,cRLSign",
        ),
      ),
  },
  "an enrolled leaf as issuer": {
    expect: "not-a-ca",
    path: async () => {
      const victim = await issue("victim", leaf, { ...DATES, profile: "device" });
      return certificates(victim, leaf, intermediate, root);
    },
  },
};

/** The last byte of a certificate belongs to its signature. */
function damaged({ der }: Certificate): Certificate {
  const bytes = Uint8Array.from(der);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return parseCertificate(bytes);
}

const madeOnce = new Map<string, Promise<Certificate[]>>();

/** The path of a case; both policies look at the same one. */
export function refusedPath(name: string): Promise<Certificate[]> {
  const path = madeOnce.get(name) ?? REFUSED[name]?.path() ?? Promise.resolve([]);
  madeOnce.set(name, path);
  return path;
}

const GOOD: Record<string, () => Promise<Certificate[]>> = {
  "one CA": async () =>
    certificates(await issue("dev-1", root, { ...DATES, profile: "device" }), root),
  "two CAs": async () => certificates(leaf, intermediate, root),
  "a leaf without extended key usage": async () =>
    leafWith(without(LEAF_EXTENSIONS, "extendedKeyUsage")),
  "a leaf without keyUsage": async () => leafWith(without(LEAF_EXTENSIONS, "keyUsage")),
  "as many CAs as one allows": () =>
    below(caWith("Short", "basicConstraints=critical,CA:TRUE,pathlen:0")),
  "a CA for clients": () => below(caWith("Clients", "extendedKeyUsage=clientAuth")),
  "an extension that nobody knows and need not": () => below(caWith("Odd", "1.2.3.4=ASN1:NULL")),
  "critical names of a host": async () =>
    leafWith([...LEAF_EXTENSIONS, "subjectAltName=critical,DNS:dev-1"]),
  "a self-signed leaf": async () => certificates(await rootCa("dev-1", DATES)),
};

interface AcceptedCase {
  path: () => Promise<Certificate[]>;
  /** Which other programs refuse it, and why. */
  stricter?: Partial<Record<Oracle, string>>;
}

/** Paths that `strict` accepts, and other programs too. */
export const ACCEPTED: Record<string, AcceptedCase> = {
  ...Object.fromEntries(
    Object.entries(NAMES_ACCEPTED).map(([name, { stricter = {}, ...request }]) => [
      name,
      { path: () => namedPath(request), stricter },
    ]),
  ),
  ...Object.fromEntries(Object.entries(GOOD).map(([name, path]) => [name, { path }])),
};
