import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { indexSubject, readIndex, uniqueSubject } from "../folder/index-file.ts";
import { INDEX_FILE } from "../folder/layout.ts";
import type { Revocation } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";

/**
 * What has to be marked superseded in `index.txt` so that these certificates may be listed: where it
 * wants subjects to be unique, as the scripts' folders do, two valid rows of one subject would make
 * `openssl ca` refuse every later call. The caller holds the folder's lock.
 *
 * @param replaced - serial numbers of the certificates that are replaced anyway. @default none
 * @param force - supersedes those of others as well. @default false
 * @throws {CaToolsError} `exists` when another valid certificate has one of the subjects
 */
export async function supersededRows(
  folder: string,
  certificates: readonly Certificate[],
  {
    now,
    replaced = [],
    force = false,
  }: { now: Date; replaced?: readonly string[]; force?: boolean },
): Promise<Revocation[]> {
  if (!(await uniqueSubject(folder))) return [];
  const index = join(folder, INDEX_FILE);
  const subjects = new Set(certificates.map(indexSubject));
  const superseded: Revocation[] = [];
  for await (const { status, subject, serialNumber } of readIndex(index)) {
    if (status !== "V" || !subjects.has(subject)) continue;
    if (!force && !replaced.includes(serialNumber))
      throw subjectTaken(index, subject, serialNumber);
    superseded.push({ serialNumber, at: now, reason: "superseded" });
  }
  return superseded;
}

function subjectTaken(file: string, subject: string, serialNumber: string): CaToolsError {
  return new CaToolsError(
    "exists",
    `${file} lists a valid certificate for ${subject} already (serial number ${serialNumber}), and this folder wants subjects to be unique`,
    {
      file,
      hint: "use --force to mark that one superseded, or write unique_subject = no into index.txt.attr",
    },
  );
}
