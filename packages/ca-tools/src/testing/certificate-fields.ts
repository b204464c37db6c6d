import type { Certificate } from "../x509/certificate.ts";

interface Element {
  tag: number;
  content: Buffer;
  /** With tag and length. */
  raw: Buffer;
}

/** The elements of a DER sequence: a reader that shares no code with the library's. */
function elements(der: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < der.length; ) {
    const first = der.readUInt8(at + 1);
    const size = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + size;
    const end = start + (size === 0 ? first : der.readUIntBE(at + 2, size));
    found.push({
      tag: der.readUInt8(at),
      content: der.subarray(start, end),
      raw: der.subarray(at, end),
    });
    at = end;
  }
  return found;
}

const hex = (element: Element | undefined) => element?.raw.toString("hex") ?? "";
const KEY_ID = /[0-9a-f]{40}$/;

/**
 * What a certificate says, field by field and byte by byte, but for what is another in each: the bits
 * of keys, signature and key identifiers, and random serial numbers. Extensions are named by their
 * object identifiers, whatever their order.
 */
export function certificateFields({
  der,
  notBefore,
  notAfter,
}: Certificate): Record<string, string> {
  const [certificate] = elements(Buffer.from(der));
  const [body, outer] = elements(certificate?.content ?? Buffer.alloc(0));
  const [version, serial, signature, issuer, validity, subject, spki, list] = elements(
    body?.content ?? Buffer.alloc(0),
  );
  const [keyAlgorithm, keyBits] = elements(spki?.content ?? Buffer.alloc(0));
  const [dates, [extensions]] = [validity, list].map((one) =>
    elements(one?.content ?? Buffer.alloc(0)),
  ) as [Element[], [Element]];
  return {
    version: hex(version),
    "serial number": (serial?.content.length ?? 0) > 8 ? "random" : hex(serial),
    "signature algorithm": `${hex(signature)} ${hex(outer)}`,
    issuer: hex(issuer),
    subject: hex(subject),
    "form of the dates": dates.map(({ tag }) => tag).join(" "),
    lifetime: `${(notAfter.getTime() - notBefore.getTime()) / 60_000} minutes`,
    "public key": `${hex(keyAlgorithm)}, ${keyBits?.content.length} bytes`,
    ...Object.fromEntries(elements(extensions.content).map(extensionField)),
  };
}

function extensionField({ content }: Element): [string, string] {
  const [oid, second, third] = elements(content);
  const value = third ?? second;
  // Criticality is left out where it is false, and so it has to be (X.690 §11.5).
  const critical = third === undefined ? "not critical" : `critical ${hex(second)}`;
  const text = value?.content.toString("hex") ?? "";
  const isKeyId = /^0603551d(?:0e|23)$/.test(hex(oid));
  return [`extension ${hex(oid)}`, `${critical}: ${isKeyId ? text.replace(KEY_ID, "<id>") : text}`];
}

/** The fields in which two certificates differ, and what each says. */
export function fieldDifferences(
  ours: Certificate,
  theirs: Certificate,
): Record<string, [ours: string | undefined, theirs: string | undefined]> {
  const [a, b] = [certificateFields(ours), certificateFields(theirs)];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(
    names.filter((name) => a[name] !== b[name]).map((name) => [name, [a[name], b[name]]]),
  );
}
