/** What goes into a fleet, and what it is checked by. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FleetRow } from "../fleet-folder/types.ts";

export const rowsOf = (...ids: string[]): FleetRow[] => ids.map((id, at) => ({ line: at + 1, id }));

/** Serial numbers by device of index.txt, each list sorted; the CAs of `chainFolder` left out. */
export function indexed(folder: string): Record<string, string[]> {
  const serials: Record<string, string[]> = {};
  for (const row of readFileSync(join(folder, "index.txt"), "utf8").split("\n").slice(0, -1)) {
    const [, , , serial = "", , subject = ""] = row.split("\t");
    const id = subject.slice("/CN=".length);
    if (id !== "CA" && id !== "Root CA") serials[id] = [...(serials[id] ?? []), serial].sort();
  }
  return serials;
}

export interface FleetLine {
  id: string;
  serialNumber: string;
  sha1: string;
  sha256: string;
  notAfter: string;
  certificate: string;
  chain: string;
  key: string;
}

export const linesIn = (text: string): FleetLine[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as FleetLine);

/** Files below a folder, relative, sorted. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
