/** What RFC 5280 §4 demands of a certificate's form: paths that `strict` refuses for it. */

import { issue } from "./authority.ts";
import type { RefusedCase } from "./case.ts";
import { CA_EXTENSIONS, LEAF_EXTENSIONS, opensslIssue } from "./openssl-ca.ts";
import {
  below,
  caWith,
  certificates,
  DATES,
  intermediate,
  leafWith,
  root,
  twoMinds,
  without,
} from "./paths.ts";
import { scratch } from "./scratch.ts";

const FORM = "reads what §6.1 reads, and not the form that §4 demands";

const withExplicitCurve = () =>
  opensslIssue(scratch(), {
    subject: "/CN=dev-1",
    extensions: LEAF_EXTENSIONS,
    issuer: intermediate,
    explicitCurve: true,
  });

export const FORM_REFUSED: Record<string, RefusedCase> = {
  "an issuer without keyUsage": {
    expect: "not-conforming",
    laxer: { gnutls: FORM, java: FORM },
    path: () => below({ subject: "/CN=Plain", extensions: without(CA_EXTENSIONS, "keyUsage") }),
  },
  "an issuer whose basicConstraints are not critical": {
    expect: "not-conforming",
    laxer: { gnutls: FORM, java: FORM },
    path: () => below(caWith("Lax", "basicConstraints=CA:TRUE")),
  },
  "an issuer without subject key identifier": {
    expect: "not-conforming",
    laxer: { gnutls: FORM, java: FORM },
    path: () => below(caWith("Plain", "subjectKeyIdentifier=none")),
  },
  "a leaf whose curve is not named": {
    expect: "not-conforming",
    path: async () => certificates(withExplicitCurve(), intermediate, root),
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
  "a CA without a name at the end": {
    expect: "not-conforming",
    laxer: { gnutls: FORM },
    path: async () =>
      certificates(
        opensslIssue(scratch(), { subject: "/", extensions: CA_EXTENSIONS, issuer: root }),
        root,
      ),
  },
  "a leaf without authority key identifier": {
    expect: "not-conforming",
    laxer: { gnutls: FORM, java: FORM },
    path: async () =>
      leafWith([
        ...without(LEAF_EXTENSIONS, "authorityKeyIdentifier"),
        "authorityKeyIdentifier=none",
      ]),
  },
  "a leaf that may sign certificates": {
    expect: "not-conforming",
    laxer: { gnutls: FORM, java: FORM },
    path: async () =>
      leafWith([
        ...without(LEAF_EXTENSIONS, "keyUsage"),
        "keyUsage=critical,digitalSignature,keyCertSign",
      ]),
  },
  "a leaf that constrains names": {
    expect: "not-conforming",
    laxer: { openssl: FORM, gnutls: FORM, java: FORM },
    path: async () =>
      leafWith([...LEAF_EXTENSIONS, "nameConstraints=critical,permitted;DNS:a.org"]),
  },
  "a leaf with neither a subject nor another name": {
    expect: "not-conforming",
    laxer: { gnutls: FORM },
    path: async () => leafWith(LEAF_EXTENSIONS, "/"),
  },
  "a leaf without a subject whose other name is not critical": {
    expect: "not-conforming",
    laxer: { gnutls: FORM },
    path: async () => leafWith([...LEAF_EXTENSIONS, "subjectAltName=DNS:a.org"], "/"),
  },
  "a leaf whose critical identifiers everybody would have to know": {
    expect: "not-conforming",
    laxer: { gnutls: FORM },
    path: async () =>
      leafWith([
        ...without(LEAF_EXTENSIONS, "subjectKeyIdentifier"),
        "subjectKeyIdentifier=critical,hash",
      ]),
  },
  "a CA at the end with a path length that may not sign": {
    expect: "not-conforming",
    laxer: { gnutls: FORM, java: FORM },
    path: async () =>
      leafWith([
        "basicConstraints=critical,CA:TRUE,pathlen:0",
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=clientAuth",
        "subjectKeyIdentifier=hash",
        "authorityKeyIdentifier=keyid",
      ]),
  },
};
