import { CaToolsError } from "../errors.ts";

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

/** The certificates of a PEM text (RFC 7468 §5.1), in time linear in its length. */
export function* certificateBlocks(text: string): Generator<string, void, undefined> {
  for (let end = 0; ; ) {
    const begin = text.indexOf(BEGIN, end);
    const last = begin < 0 ? -1 : text.indexOf(END, begin);
    if (last < 0) return;
    end = last + END.length;
    yield text.slice(begin, end);
  }
}

const LABELS: readonly (readonly [RegExp, string])[] = [
  [/^(?:.+ )?PRIVATE KEY$/, "a private key"],
  [/^(?:.+ )?PUBLIC KEY$/, "a public key"],
  [/^(?:NEW )?CERTIFICATE REQUEST$/, "a certificate signing request"],
  [/^X509 CRL$/, "a certificate revocation list"],
  [/^(?:PKCS7|CMS)$/, "a PKCS #7 bundle"],
  [/^(?:EC|DH|DSA) PARAMETERS$/, "a set of key parameters"],
];

interface Problem {
  is: string;
  hint?: string;
}

/**
 * The text of PEM, undefined for bytes that hold none: those are DER.
 *
 * PEM is ASCII: bytes that are none stand before or behind the blocks and do not matter.
 */
export function pemText(input: string | Uint8Array): string | undefined {
  if (typeof input === "string") return input;
  const text = Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString("latin1");
  // A SEQUENCE of more than 127 bytes; the second byte is not ASCII, so no text begins like that.
  const isDer = input[0] === 0x30 && (input[1] ?? 0) > 0x7f;
  return isDer || !text.includes("-----BEGIN ") ? undefined : text;
}

/**
 * Says what something is that is no certificate, without showing any of it.
 *
 * @param remedy - ends the error's hint, which begins with "restore". @default "it from a copy"
 */
export function notACertificate(
  input: string | Uint8Array,
  { file, remedy, cause }: { file?: string; remedy?: string; cause?: unknown },
): CaToolsError {
  const { is, hint } = problemOf(input) ?? { is: "is not a certificate in PEM or DER form" };
  return new CaToolsError("invalid-certificate", `${file ?? "the input"} ${is}`, {
    cause,
    ...(file === undefined ? {} : { file }),
    hint:
      remedy === undefined && hint !== undefined ? hint : `restore ${remedy ?? "it from a copy"}`,
  });
}

function problemOf(input: string | Uint8Array): Problem | undefined {
  if (input.length === 0) return { is: "is empty" };
  const text = typeof input === "string" ? input : Buffer.from(input).toString("latin1");
  if (/^\0+$/.test(text)) return { is: "holds nothing but zero bytes" };
  if (/B\0E\0G\0I\0N\0/.test(text)) {
    return { is: "is text in UTF-16", hint: "save it as UTF-8 or ASCII" };
  }
  const label = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text)?.[1] ?? "";
  const other = LABELS.find(([pattern]) => pattern.test(label))?.[1];
  if (other) return { is: `is ${other}, not a certificate`, hint: "give the certificate's file" };
  const isCut = label === "CERTIFICATE" && certificateBlocks(text).next().done === true;
  return isCut ? { is: "is cut off: the end of a certificate is missing" } : undefined;
}
