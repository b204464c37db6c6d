import { randomBytes } from "node:crypto";
import { alternativeNames } from "../authority/alternative-names.ts";
import { timeElement } from "../x509/asn1-time.ts";
import { element } from "../x509/der-write.ts";
import type { Names } from "../x509/extensions.ts";
import { checkCommonName, randomSerialNumber } from "../x509/issue.ts";
import { PROFILES } from "../x509/profiles.ts";
import { type Validity, validityFor } from "../x509/validity.ts";
import type { FleetIssuerOptions, FleetRequest } from "./types.ts";
import type { Fields } from "./write-certificate.ts";

/** A request that has been found to be in order. */
export interface Prepared extends Fields {
  dates: Validity;
  /** Where there are any. */
  names?: Names;
}

const SEQUENCE = 0x30;
/** Most fleets have one lifetime; a list may name others. */
const MAX_LIFETIMES = 1000;
/** RFC 5280 §4.1.2.2. */
const MAX_SERIAL_BYTES = 20;
/** Serial numbers to a block of random bytes. */
const DRAWS = 256;

/**
 * @returns checks a request, and settles its serial number and dates
 * @throws {CaToolsError} `outside-validity`, here and there; there `invalid-name` as well
 */
export function preparing(options: FleetIssuerOptions): (request: FleetRequest) => Prepared {
  const random = inBlocks(randomBytes);
  const lifetimes = new Map<number, { dates: Validity; validity: Uint8Array }>();
  const lifetime = (days: number) => {
    const known = lifetimes.get(days);
    if (known !== undefined) return known;
    const dates = validityFor(options.now, days, options.issuer.certificate);
    const validity = new Uint8Array(
      element(SEQUENCE, timeElement(dates.notBefore), timeElement(dates.notAfter)),
    );
    if (lifetimes.size === MAX_LIFETIMES) lifetimes.clear();
    lifetimes.set(days, { dates, validity });
    return { dates, validity };
  };
  const usualDays = options.days ?? PROFILES[options.profile ?? "device"].days;
  lifetime(usualDays);
  return ({ commonName, serialNumber, days = usualDays, subjectAlternativeNames }) => {
    if (!ORDINARY.test(commonName)) checkCommonName(commonName);
    const names = subjectAlternativeNames && alternativeNames(subjectAlternativeNames);
    return {
      commonName,
      serialNumber: serialNumber ? serialHex(serialNumber) : randomSerialNumber(random),
      ...lifetime(days),
      ...(names && names.dns.length + names.ip.length > 0 && { names }),
    };
  };
}

/** Spares the checks that only other characters need. */
const ORDINARY = /^[ -~]{1,64}$/;

/** As `Certificate.serialNumber` has it: upper-case hex without leading zero bytes. */
function serialHex(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes)
    .toString("hex")
    .replace(/^(00)+/, "")
    .toUpperCase();
  if (bytes.length <= MAX_SERIAL_BYTES && hex !== "") return hex;
  throw new RangeError("a serial number is positive and has at most 20 bytes");
}

/** Many small draws cost ten times what one large one does. */
function inBlocks(draw: (size: number) => Buffer): (size: number) => Buffer {
  let block: Buffer = Buffer.alloc(0);
  return (size) => {
    if (block.length < size) block = draw(size * DRAWS);
    const drawn = block.subarray(0, size);
    block = block.subarray(size);
    return drawn;
  };
}
