/** Certification paths that the openssl command refuses, and such that it accepts. */
import type { Certificate } from "../x509/certificate.ts";
import type { FindingCode } from "../x509/validate.ts";
import { issue, rootCa } from "./authority.ts";
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
  twoMinds,
  without,
} from "./paths.ts";
import { scratch } from "./scratch.ts";

/** Paths that openssl refuses, and what `strict` says of them. */
export const REFUSED: Record<string, { expect: FindingCode; path: () => Promise<Certificate[]> }> =
  {
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
    "an issuer without keyUsage": {
      expect: "not-conforming",
      path: () => below({ subject: "/CN=Plain", extensions: without(CA_EXTENSIONS, "keyUsage") }),
    },
    "an issuer whose basicConstraints are not critical": {
      expect: "not-conforming",
      path: () => below(caWith("Lax", "basicConstraints=CA:TRUE")),
    },
    "an issuer without subject key identifier": {
      expect: "not-conforming",
      path: () => below(caWith("Plain", "subjectKeyIdentifier=none")),
    },
    "an issuer without a name": {
      expect: "not-conforming",
      path: () => below({ subject: "/", extensions: CA_EXTENSIONS }),
    },
    "an issuer with basicConstraints twice": {
      expect: "not-conforming",
      path: async () => {
        const ca = await twoMinds();
        return certificates(await issue("dev-1", ca, { ...DATES, profile: "device" }), ca, root);
      },
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
    "a missing issuer": {
      expect: "not-issued",
      path: async () => certificates(leaf, root),
    },
    "a leaf for servers": {
      expect: "wrong-purpose",
      path: async () =>
        certificates(await issue("dev-1", root, { ...DATES, profile: "server" }), root),
    },
    "a leaf for any purpose": {
      expect: "wrong-purpose",
      path: async () =>
        leafWith([...without(LEAF_EXTENSIONS, "extendedKeyUsage"), "extendedKeyUsage=2.5.29.37.0"]),
    },
    "a leaf whose key may not sign": {
      expect: "wrong-purpose",
      path: async () =>
        leafWith([...without(LEAF_EXTENSIONS, "keyUsage"), "keyUsage=keyEncipherment"]),
    },
    "a CA for servers": {
      expect: "wrong-purpose",
      path: () => below(caWith("Servers", "extendedKeyUsage=serverAuth")),
    },
    "a trust anchor for servers": {
      expect: "wrong-purpose",
      path: async () => {
        const anchor = opensslIssue(scratch(), caWith("Servers", "extendedKeyUsage=serverAuth"));
        return certificates(await issue("dev-1", anchor, { ...DATES, profile: "device" }), anchor);
      },
    },
    "a CA without a name at the end": {
      expect: "not-conforming",
      path: async () =>
        certificates(
          opensslIssue(scratch(), { subject: "/", extensions: CA_EXTENSIONS, issuer: root }),
          root,
        ),
    },
    "a leaf without authority key identifier": {
      expect: "not-conforming",
      path: async () =>
        leafWith([
          ...without(LEAF_EXTENSIONS, "authorityKeyIdentifier"),
          "authorityKeyIdentifier=none",
        ]),
    },
    "a leaf that may sign certificates": {
      expect: "not-conforming",
      path: async () =>
        leafWith([
          ...without(LEAF_EXTENSIONS, "keyUsage"),
          "keyUsage=critical,digitalSignature,keyCertSign",
        ]),
    },
    "an enrolled leaf as issuer": {
      expect: "not-a-ca",
      path: async () => {
        const victim = await issue("victim", leaf, { ...DATES, profile: "device" });
        return certificates(victim, leaf, intermediate, root);
      },
    },
  };

const madeOnce = new Map<string, Promise<Certificate[]>>();

/** The path of a case; both policies look at the same one. */
export function refusedPath(name: string): Promise<Certificate[]> {
  const path = madeOnce.get(name) ?? REFUSED[name]?.path() ?? Promise.resolve([]);
  madeOnce.set(name, path);
  return path;
}

/** Paths that openssl accepts. */
export const ACCEPTED: Record<string, () => Promise<Certificate[]>> = {
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
