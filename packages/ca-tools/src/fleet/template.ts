import { elements, within } from "../x509/der.ts";
import { signedParts } from "../x509/encoded.ts";
import { POINT_BYTES } from "./device-key.ts";

/**
 * What the certificates of one profile and one issuer have in common, and where the rest goes. Plain
 * data, to be sent to other threads.
 *
 * A TBSCertificate (RFC 5280 §4.1.2) is `version`, serial number, `issuer`, validity, subject, `tail`.
 */
export interface Template {
  version: Uint8Array;
  /** The algorithm of the signature, and the issuer's name. */
  issuer: Uint8Array;
  /** The public key and the extensions. */
  tail: Uint8Array;
  /** Where in `tail` the point of the public key begins. */
  pointAt: number;
  /** Where in `tail` the subject key identifier begins. */
  keyIdentifierAt: number;
  /** As it stands before the signature. */
  signatureAlgorithm: Uint8Array;
}

const SEQUENCE = 0x30;
const SUBJECT_KEY_IDENTIFIER = "551d0e";

/**
 * Takes the template out of a certificate of the kind that is to be issued.
 *
 * @param der - with a P-256 key and a subject key identifier, and without unique identifiers
 * @throws {Error} when it is something else
 */
export function templateOf(der: Uint8Array): Template {
  const { signed, algorithm } = signedParts(der);
  const body = elements(signed)[0]?.content ?? signed;
  const [version, serialNumber, , issuer, , subject, publicKey, extensions] = elements(body);
  const keyIdentifier = keyIdentifierIn(extensions?.content ?? new Uint8Array());
  if (!version || !serialNumber || !issuer || !subject || !publicKey || !keyIdentifier) {
    throw new Error("not a certificate to make a template of");
  }
  return {
    version: body.slice(0, version.end),
    issuer: body.slice(serialNumber.end, issuer.end),
    tail: body.slice(subject.end),
    pointAt: publicKey.end - POINT_BYTES - subject.end,
    keyIdentifierAt: keyIdentifier.byteOffset - body.byteOffset - subject.end,
    signatureAlgorithm: algorithm,
  };
}

/** The value of the extension of RFC 5280 §4.2.1.2. */
function keyIdentifierIn(extensions: Uint8Array): Uint8Array | undefined {
  const values = within(extensions, SEQUENCE).flatMap(({ content }) => {
    const [type, ...rest] = elements(content);
    const isIt = Buffer.from(type?.content ?? []).toString("hex") === SUBJECT_KEY_IDENTIFIER;
    return isIt ? elements(rest.at(-1)?.content ?? new Uint8Array()) : [];
  });
  return values[0]?.content;
}
