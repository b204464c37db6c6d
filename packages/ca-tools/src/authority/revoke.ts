import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { readIndex } from "../folder/index-file.ts";
import { plainSerial } from "../folder/index-revoke.ts";
import type { IndexEntry } from "../folder/index-row.ts";
import { INDEX_FILE } from "../folder/layout.ts";
import { changePki, openPki } from "../folder/pki.ts";
import { type RevocationReason, revocationReason } from "../x509/reasons.ts";
import { readCaCertificate } from "./load-ca.ts";
import { readDevice } from "./load-device.ts";

export interface Revoked {
  /** Upper-case hex, as in index.txt. */
  serialNumber: string;
  /** OpenSSL's one-line form, such as `/CN=dev-1`. */
  subject: string;
  at: Date;
  reason?: RevocationReason;
}

/**
 * Marks a certificate in `index.txt` as revoked, as `openssl ca -revoke` does. Others learn of it from
 * the next CRL (`createCrl`). DPS reads none: there the device or its enrollment has to be disabled.
 *
 * @param serialNumber - hex in any letter case, with or without colons and leading zeros
 * @param reason - one of `REVOCATION_REASONS` in any letter case. @default none is given
 * @throws {CaToolsError} `not-found` when index.txt does not list it, `exists` when it is revoked
 * already, `invalid-name` for another reason
 */
export async function revoke(
  folder: string,
  { serialNumber, reason: name, now }: { serialNumber: string; reason?: string; now: Date },
): Promise<Revoked> {
  const reason = name === undefined ? undefined : revocationReason(name);
  await requireFolder(folder);
  let revoked: Revoked | undefined;
  await changePki(folder, async () => {
    const rows = await rowsOf(folder, serialNumber);
    const row = rows.find(({ status }) => status !== "R");
    if (row === undefined) throw notToRevoke(folder, serialNumber, rows[0]);
    const entry = { serialNumber: row.serialNumber, at: now, ...(reason && { reason }) };
    revoked = { ...entry, subject: row.subject };
    return { files: [], revocations: [entry] };
  });
  if (revoked === undefined) throw notToRevoke(folder, serialNumber, undefined);
  return revoked;
}

async function requireFolder(folder: string): Promise<void> {
  // A folder that is only asked must not begin.
  if ((await openPki(folder)) !== undefined) return;
  throw new CaToolsError("not-found", `there is no PKI folder at ${folder}`, {
    file: folder,
    hint: "choose it with --pki",
  });
}

async function rowsOf(folder: string, serialNumber: string): Promise<IndexEntry[]> {
  if (!HEX.test(serialNumber)) return [];
  const wanted = plainSerial(serialNumber);
  const rows: IndexEntry[] = [];
  for await (const row of readIndex(join(folder, INDEX_FILE))) {
    if (plainSerial(row.serialNumber) === wanted) rows.push(row);
  }
  return rows;
}

const HEX = /^(?:0x)?[0-9a-f:]{1,100}$/i;

function notToRevoke(
  folder: string,
  serialNumber: string,
  row: IndexEntry | undefined,
): CaToolsError {
  const file = join(folder, INDEX_FILE);
  if (row?.revocation !== undefined) {
    const { at, reason } = row.revocation;
    const why = reason === undefined ? "" : ` (${reason})`;
    return new CaToolsError(
      "exists",
      `${row.subject}, serial number ${row.serialNumber}, was revoked at ${at.toISOString()} already${why}`,
      { file, hint: "put it on a CRL with: dps-certs ca crl" },
    );
  }
  return new CaToolsError(
    "not-found",
    `${file} lists no certificate with the serial number ${JSON.stringify(serialNumber.slice(0, 100))}`,
    { file, hint: "openssl shows a certificate's with: openssl x509 -noout -serial -in <file>" },
  );
}

export interface IssuedCertificate {
  /** What the name is the name of. */
  is: "ca" | "device" | "serial number";
  serialNumber: string;
}

/**
 * The certificates of the folder that a person may mean: the CA of this name, the device of this id,
 * the one with this serial number. One that is meant in two ways is listed once.
 *
 * @throws {CaToolsError} `not-found` where there is no folder; what reading the files throws
 */
export async function findIssued(folder: string, name: string): Promise<IssuedCertificate[]> {
  const registry = await openPki(folder);
  if (registry === undefined) await requireFolder(folder);
  const found = new Map<string, IssuedCertificate>();
  const add = (is: IssuedCertificate["is"], serialNumber: string | undefined) => {
    if (serialNumber === undefined || found.has(plainSerial(serialNumber))) return;
    found.set(plainSerial(serialNumber), { is, serialNumber });
  };
  const record = registry?.cas.find((ca) => ca.name === name);
  if (record !== undefined) add("ca", (await readCaCertificate(folder, record)).serialNumber);
  add("device", (await readDevice(folder, name))?.serialNumber);
  for (const row of await rowsOf(folder, name)) add("serial number", row.serialNumber);
  return [...found.values()];
}
