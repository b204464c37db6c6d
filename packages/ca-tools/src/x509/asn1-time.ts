import { element } from "./der-write.ts";

const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

/** UTCTime before 2050, GeneralizedTime from then on (RFC 5280 §4.1.2.5), in whole seconds. */
export function asn1Time(date: Date): string {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return date.getUTCFullYear() < 2050 ? digits.slice(2) : digits;
}

/** {@link asn1Time} as a DER element. */
export function timeElement(date: Date): Buffer {
  const text = asn1Time(date);
  return element(text.length === 13 ? UTC_TIME : GENERALIZED_TIME, Buffer.from(text, "ascii"));
}

/** Reads either form, GeneralizedTime for any year as OpenSSL does; undefined for what is no date. */
export function parseAsn1Time(text: string): Date | undefined {
  const found = /^(\d\d(?:\d\d)?)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (found === null) return undefined;
  const [, year = "", month, day, hour, minute, second] = found;
  const century = year.length === 4 ? "" : Number(year) < 50 ? "20" : "19";
  const iso = `${century}${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const date = new Date(iso);
  // The 30th of February would turn into the 1st of March.
  return !Number.isNaN(date.getTime()) && date.toISOString() === iso ? date : undefined;
}

/** @throws {Error} for an element that is no date */
export function readTimeElement({ tag, content }: { tag: number; content: Uint8Array }): Date {
  const text = Buffer.from(content).toString("latin1");
  const isTime = tag === (text.length === 13 ? UTC_TIME : GENERALIZED_TIME);
  const date = isTime ? parseAsn1Time(text) : undefined;
  if (date === undefined) throw new Error("not a date");
  return date;
}
