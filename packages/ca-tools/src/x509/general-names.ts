import { isIPv6 } from "node:net";
import { AsnConvert } from "@peculiar/asn1-schema";
import { Name as NameSyntax } from "@peculiar/asn1-x509";
import { type Element, within } from "./der.ts";
import { Name } from "./library.ts";

/** A name that a certificate bears or constrains, for people. */
export interface GeneralName {
  /** `other`: otherName, x400Address, ediPartyName, registeredID. */
  readonly type: "dns" | "ip" | "email" | "uri" | "directory" | "other";
  /**
   * Text as it stands there; an address (in constraints a block: `127.0.0.0/255.0.0.0`) in the usual
   * notation, a directory name like `CN=x`, and of others the ASN.1 name of the form.
   */
  readonly value: string;
}

/** A GeneralName (RFC 5280 §4.2.1.6), for comparison. */
export type ReadName =
  | { type: "dns" | "email" | "uri"; text: string }
  | { type: "ip"; bytes: Uint8Array }
  | { type: "directory"; name: NameSyntax }
  | { type: "other"; form: string; content: Uint8Array };

const SEQUENCE = 0x30;
const TEXTS: Readonly<Record<number, "dns" | "email" | "uri">> = {
  129: "email",
  130: "dns",
  134: "uri",
};
const OTHERS: Readonly<Record<number, string>> = {
  160: "otherName",
  163: "x400Address",
  165: "ediPartyName",
  136: "registeredID",
};

/**
 * Reads a SubjectAltName's value.
 *
 * @throws {Error} when it is not DER of one
 */
export function readGeneralNames(value: Uint8Array): ReadName[] {
  return within(value, SEQUENCE).map(readGeneralName);
}

export function readGeneralName({ tag, content }: Element): ReadName {
  const text = TEXTS[tag];
  // Latin 1 keeps every byte as it is, one that IA5String does not have too.
  if (text) return { type: text, text: Buffer.from(content).toString("latin1") };
  if (tag === 0x87) return { type: "ip", bytes: content };
  // A choice, and so tagged explicitly.
  if (tag === 0xa4) return { type: "directory", name: AsnConvert.parse(content, NameSyntax) };
  const form = OTHERS[tag];
  if (form === undefined) throw new Error("not a name");
  return { type: "other", form, content };
}

/** What {@link readGeneralName} read, for people. */
export function showGeneralName(name: ReadName): GeneralName {
  switch (name.type) {
    case "ip":
      return { type: "ip", value: addressText(name.bytes) };
    case "directory":
      return { type: "directory", value: new Name(name.name).toString() };
    case "other":
      return { type: "other", value: name.form };
    default:
      return { type: name.type, value: name.text };
  }
}

function addressText(bytes: Uint8Array): string {
  const half = bytes.length / 2;
  const isBlock = bytes.length === 8 || bytes.length === 32;
  if (isBlock) return `${addressText(bytes.slice(0, half))}/${addressText(bytes.slice(half))}`;
  if (bytes.length === 4) return bytes.join(".");
  const groups = Buffer.from(bytes).toString("hex").match(/..../g)?.join(":") ?? "";
  // The URL parser writes addresses as RFC 5952 wants them.
  if (isIPv6(groups)) return new URL(`http://[${groups}]`).hostname.slice(1, -1);
  return Buffer.from(bytes).toString("hex");
}
