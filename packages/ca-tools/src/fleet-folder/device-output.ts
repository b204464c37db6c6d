/** What is written of each device that a bulk run makes. */
import { hash } from "node:crypto";
import { leafPaths } from "../authority/leaf-files.ts";
import type { Ca } from "../authority/load-ca.ts";
import { indexFields } from "../folder/index-file.ts";
import { encodeFileName } from "../folder/layout.ts";
import type { NewFile } from "../folder/transaction.ts";
import { asn1Time } from "../x509/asn1-time.ts";
import type { WantedRow } from "./input.ts";
import type { IssuedDevice } from "./issue-rows.ts";

export interface FleetMade extends WantedRow {
  device: IssuedDevice;
}

export interface FleetFile extends NewFile {
  /** Path of another file of the same device that has the same content. */
  sameAs?: string;
}

/** Intermediates, the issuer first: what the device sends behind its certificate. */
export const intermediatesOf = ({ chain }: Pick<Ca, "chain">): string =>
  chain
    .filter(({ subjectKey, issuerKey }) => subjectKey !== issuerKey)
    .map(({ pem }) => pem)
    .join("");

/** The files of the PKI folder, in the order in which they are to appear. */
export function flatFiles({ row, device }: FleetMade, intermediates: string): FleetFile[] {
  const { certificate, privateKey, serialNumber, pfx } = device;
  const paths = leafPaths(row.id);
  return [
    { path: paths.key, data: privateKey, secret: true },
    ...(pfx ? [{ path: paths.pfx, data: pfx, secret: true }] : []),
    { path: paths.fullChain, data: certificate + intermediates },
    { path: `newcerts/${serialNumber}.pem`, data: certificate, sameAs: paths.certificate },
    // Last: whoever reads meanwhile takes a device whose certificate is there for whole.
    { path: paths.certificate, data: certificate },
  ];
}

export interface FannedPaths {
  folder: string;
  key: string;
  fullChain: string;
  certificate: string;
}

/** Names of a device's files below an output folder: two hex digits of its id's SHA-256 come first. */
export function fannedPaths(id: string): FannedPaths {
  const stem = encodeFileName(id);
  return {
    folder: hash("sha256", id.toLowerCase()).slice(0, 2),
    key: `${stem}.key.pem`,
    fullChain: `${stem}-full-chain.cert.pem`,
    certificate: `${stem}.cert.pem`,
  };
}

/** How each line begins. */
export const LINE_START = '{"id":';

/**
 * Makes a line of NDJSON of each device. `certificate` and `chain` together are what it sends in the TLS
 * handshake.
 */
export function lineWriter(intermediates: string): (made: FleetMade) => string {
  const chain = JSON.stringify(intermediates);
  const timeOf = rememberingLast((time: number) => new Date(time).toJSON());
  return ({ row, device }) => {
    const { certificate, privateKey, serialNumber, sha1, sha256, notAfter } = device;
    // Half of what JSON.stringify takes for the whole; the hex digits need no escapes.
    const numbers = `"serialNumber":"${serialNumber}","sha1":"${sha1}","sha256":"${sha256}"`;
    const text = `"certificate":${JSON.stringify(certificate)},"chain":${chain}`;
    const end = timeOf(notAfter.getTime());
    const key = JSON.stringify(privateKey);
    return `${LINE_START}${JSON.stringify(row.id)},${numbers},"notAfter":"${end}",${text},"key":${key}}\n`;
  };
}

/**
 * Makes the row of index.txt of each device.
 *
 * @param file - see `issuerField`. @default "unknown", for certificates that newcerts/ has copies of
 */
export function rowWriter(file?: string): (made: FleetMade) => string {
  const timeOf = rememberingLast((time: number) => asn1Time(new Date(time)));
  return ({ row, device: { serialNumber, notAfter } }) =>
    indexFields(timeOf(notAfter.getTime()), serialNumber, row.id, file);
}

/** Most devices of a run end at one time. */
function rememberingLast(write: (time: number) => string): (time: number) => string {
  let last = { time: Number.NaN, text: "" };
  return (time) => {
    if (last.time !== time) last = { time, text: write(time) };
    return last.text;
  };
}
