import { AsnConvert } from "@peculiar/asn1-schema";
import {
  type AttributeValue,
  Certificate as CertificateSyntax,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  type Name,
} from "@peculiar/asn1-x509";
import type { Certificate } from "./certificate.ts";
import { extensionValue } from "./certificate-extensions.ts";
import { type ReadName, readGeneralNames } from "./general-names.ts";
import { type ReadNameConstraints, readNameConstraints } from "./name-constraints-read.ts";

const EMAIL_ADDRESS = "1.2.840.113549.1.9.1";
const COMMON_NAME = "2.5.4.3";
/** otherName of type SmtpUTF8Mailbox (RFC 9598 §3): its type, as DER. */
const UTF8_MAILBOX = Buffer.from("06082b06010505070809", "hex");

/** The constraints of a CA; undefined when there are none. */
export function constraintsOf({ der }: Certificate): ReadNameConstraints | undefined {
  const { extensions } = AsnConvert.parse(der, CertificateSyntax).tbsCertificate;
  const value = extensionValue(extensions ?? [], id_ce_nameConstraints);
  return value && readNameConstraints(value);
}

/**
 * All names that constraints are held against: the subject, its e-mail addresses and the subject
 * alternative names (RFC 5280 §4.2.1.10).
 *
 * @param hostFromCommonName - a common name that looks like a host name counts as one where there
 *   is no other, because TLS clients read it so (RFC 6125 §6.4.4)
 */
export function namesOf({ der }: Certificate, hostFromCommonName: boolean): ReadName[] {
  const { subject, extensions } = AsnConvert.parse(der, CertificateSyntax).tbsCertificate;
  const value = extensionValue(extensions ?? [], id_ce_subjectAltName);
  const alternatives = value ? readGeneralNames(value) : [];
  const hasHost = alternatives.some(({ type }) => type === "dns");
  return [
    ...(subject.length > 0 ? [{ type: "directory" as const, name: subject }] : []),
    ...attributes(subject, EMAIL_ADDRESS).map(mailbox),
    ...alternatives.flatMap((name) => (isMailbox(name) ? [name, UNREADABLE_MAILBOX] : [name])),
    ...(hostFromCommonName && !hasHost ? hosts(subject) : []),
  ];
}

const attributes = (name: Name, wanted: string): AttributeValue[] =>
  name.flatMap((part) => part.filter(({ type }) => type === wanted).map(({ value }) => value));

// No text is a mailbox without an @, so where mailboxes are constrained it refuses the path.
const UNREADABLE_MAILBOX: ReadName = { type: "email", text: "" };

const mailbox = ({ ia5String }: AttributeValue): ReadName =>
  ia5String === undefined ? UNREADABLE_MAILBOX : { type: "email", text: ia5String };

const isMailbox = (name: ReadName) =>
  name.type === "other" &&
  name.form === "otherName" &&
  UTF8_MAILBOX.equals(name.content.subarray(0, UTF8_MAILBOX.length));

/** Two labels at least, and no hyphen at the end of one. */
const LOOKS_LIKE_HOST = /^[a-z0-9_]+(?:-+[a-z0-9_]+)*(?:\.[a-z0-9_]+(?:-+[a-z0-9_]+)*)+$/i;

const hosts = (subject: Name): ReadName[] =>
  attributes(subject, COMMON_NAME)
    .map(String)
    .filter((text) => LOOKS_LIKE_HOST.test(text))
    .map((text) => ({ type: "dns", text }));
