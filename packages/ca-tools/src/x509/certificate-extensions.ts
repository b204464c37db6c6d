import { AsnConvert } from "@peculiar/asn1-schema";
import {
  AuthorityKeyIdentifier,
  ExtendedKeyUsage,
  type Extension,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  SubjectKeyIdentifier,
} from "@peculiar/asn1-x509";
import { readBasicConstraints, readKeyUsages } from "./authority-extensions.ts";
import type { Certificate } from "./certificate.ts";
import { readGeneralNames, showGeneralName } from "./general-names.ts";
import { readNameConstraints, showNameConstraints } from "./name-constraints-read.ts";

type Read = Pick<
  Certificate,
  | "authorityKeyIdentifier"
  | "basicConstraints"
  | "extendedKeyUsage"
  | "extensions"
  | "keyUsage"
  | "keyUsages"
  | "nameConstraints"
  | "subjectAlternativeNames"
  | "subjectKeyIdentifier"
>;

/** Bytes of the extension's value; of the first where one stands there twice. */
export function extensionValue(
  extensions: readonly Extension[],
  oid: string,
): Uint8Array | undefined {
  const found = extensions.find(({ extnID }) => extnID === oid);
  return found && new Uint8Array(found.extnValue.buffer);
}

/** @throws {Error} when one that is read here is malformed */
export function readExtensions(list: readonly Extension[]): Read {
  const find = (oid: string) => extensionValue(list, oid);
  const parse = <T>(oid: string, syntax: new () => T): T | undefined => {
    const value = find(oid);
    return value && AsnConvert.parse(value, syntax);
  };
  const constraints = find(id_ce_basicConstraints);
  const usage = find(id_ce_keyUsage);
  const usages = usage && readKeyUsages(usage);
  const alternatives = find(id_ce_subjectAltName);
  const names = find(id_ce_nameConstraints);
  const authority = parse(id_ce_authorityKeyIdentifier, AuthorityKeyIdentifier);
  const extended = parse(id_ce_extKeyUsage, ExtendedKeyUsage);
  return {
    basicConstraints: constraints && readBasicConstraints(constraints),
    keyUsage: usages && {
      keyCertSign: usages.includes("keyCertSign"),
      digitalSignature: usages.includes("digitalSignature"),
    },
    keyUsages: usages,
    // The library's lists are subclasses of Array, which print and compare unlike arrays.
    extendedKeyUsage: extended && Array.from(extended, String),
    subjectKeyIdentifier: hex(parse(id_ce_subjectKeyIdentifier, SubjectKeyIdentifier)),
    authorityKeyIdentifier: hex(authority?.keyIdentifier),
    subjectAlternativeNames: alternatives
      ? readGeneralNames(alternatives).map(showGeneralName)
      : [],
    nameConstraints: names && showNameConstraints(readNameConstraints(names)),
    extensions: Array.from(list, ({ extnID, critical }) => ({ oid: extnID, critical })),
  };
}

const hex = (octets: { buffer: ArrayBuffer } | undefined) =>
  octets && Buffer.from(octets.buffer).toString("hex").toUpperCase();
