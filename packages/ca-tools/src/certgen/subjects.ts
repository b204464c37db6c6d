import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { indexSubject, readIndex, uniqueSubject } from "../folder/index-file.ts";
import { INDEX_FILE } from "../folder/layout.ts";

/**
 * Serial numbers of the certificates that stand in the way of a new one: those that `index.txt` lists
 * as valid for the same subject, in a folder where `openssl ca` refuses a second one. Like it, counts
 * those that have expired and were not marked yet.
 */
export async function subjectRivals(folder: string, commonName: string): Promise<string[]> {
  if (!(await uniqueSubject(folder))) return [];
  const subject = indexSubject({ commonName });
  const serials: string[] = [];
  for await (const entry of readIndex(join(folder, INDEX_FILE))) {
    if (entry.status === "V" && entry.subject === subject) serials.push(entry.serialNumber);
  }
  return serials;
}

export function subjectTaken(
  folder: string,
  commonName: string,
  serials: readonly string[],
): CaToolsError {
  const file = join(folder, INDEX_FILE);
  return new CaToolsError(
    "exists",
    `${file} lists a valid certificate for CN=${commonName} already (serial ${serials.join(", ")})`,
    { file, hint: "use --force to mark that one superseded, or choose another name" },
  );
}
