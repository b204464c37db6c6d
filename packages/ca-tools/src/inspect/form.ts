import { type Element, elements } from "../x509/der.ts";

export type Form =
  | "certificate"
  | "request"
  | "crl"
  | "pkcs8"
  | "encrypted-pkcs8"
  | "pkcs1"
  | "sec1"
  | "spki"
  | "pkcs1-public"
  | "pfx"
  | "pkcs7";

const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  first: 0xa0,
} as const;

/**
 * Tells by its outermost elements what DER is, never by a name or a label: undefined for what is
 * nothing of ours. Says nothing about whether the rest can be read.
 */
export function formOf(der: Uint8Array): Form | undefined {
  // Windows and some Java programs write PFX files in BER; no other form begins like that.
  if (der[1] === 0x80) return isVersion3(der.subarray(2, 5)) ? "pfx" : undefined;
  const outer = childrenOf(der);
  const [first, second] = outer;
  if (first?.tag === TAG.oid) return second?.tag === TAG.first ? "pkcs7" : undefined;
  if (first?.tag === TAG.integer) return formOfVersion(first, second);
  if (first?.tag !== TAG.sequence) return undefined;
  const inner = parts(first.content);
  if (inner[0]?.tag === TAG.oid) {
    if (second?.tag === TAG.bits) return "spki";
    return second?.tag === TAG.octets ? "encrypted-pkcs8" : undefined;
  }
  return outer.length === 3 ? formOfSigned(inner) : undefined;
}

const isVersion3 = (bytes: Uint8Array) => Buffer.from(bytes).equals(Buffer.from([2, 1, 3]));

/** Structures that begin with a version: keys (RFC 5958, 8017, 5915) and PFX (RFC 7292). */
function formOfVersion({ content }: Element, second: Element | undefined): Form | undefined {
  if (content.length > 1) return second?.tag === TAG.integer ? "pkcs1-public" : undefined;
  if (second?.tag === TAG.sequence) return content[0] === 3 ? "pfx" : "pkcs8";
  if (second?.tag === TAG.octets) return "sec1";
  return second?.tag === TAG.integer ? "pkcs1" : undefined;
}

/** What is signed: RFC 5280 §4.1 and §5.1, RFC 2986 §4.1. */
function formOfSigned(inner: readonly Element[]): Form | undefined {
  const [first, , third, fourth] = inner.map(({ tag }) => tag);
  const isTime = (tag: number | undefined) => tag === TAG.utcTime || tag === TAG.generalizedTime;
  if (first === TAG.first) return "certificate";
  if (first === TAG.sequence) return isTime(third) ? "crl" : undefined;
  if (first !== TAG.integer) return undefined;
  if (isTime(fourth)) return "crl";
  // A certificate of version 1 has its dates there, a request its attributes or nothing.
  return fourth === TAG.sequence ? "certificate" : "request";
}

function childrenOf(der: Uint8Array): Element[] {
  const [outer] = parts(der);
  return outer?.tag === TAG.sequence ? parts(outer.content) : [];
}

function parts(bytes: Uint8Array): Element[] {
  try {
    return elements(bytes);
  } catch {
    return [];
  }
}

/** Objects of one bundle that are looked at. */
const MAX_BUNDLED = 1000;

/**
 * The certificates and CRLs of a PKCS #7 bundle (RFC 2315 §9.1), each as its own DER.
 *
 * @throws {Error} when it is another kind of PKCS #7, no DER, or one of more than 1000 objects
 */
export function bundled(der: Uint8Array): Uint8Array[] {
  const content = childrenOf(der)[1]?.content ?? new Uint8Array();
  const signedData = childrenOf(content);
  if (signedData[0]?.tag !== TAG.integer) throw new Error("not signed data");
  const found = signedData
    .filter(({ tag }) => tag === 0xa0 || tag === 0xa1)
    .flatMap((list) => slices(list.content));
  if (found.length > MAX_BUNDLED) throw new Error("more than a bundle can need");
  return found;
}

function slices(bytes: Uint8Array): Uint8Array[] {
  let at = 0;
  return elements(bytes).map(({ end }) => {
    const one = bytes.slice(at, end);
    at = end;
    return one;
  });
}
