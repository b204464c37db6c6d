import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import {
  createScriptCertificate,
  type ScriptCertificate,
  type ScriptCertificateOptions,
} from "../certgen/create-certificate.ts";
import { createScriptChain } from "../certgen/create-chain.ts";
import type { ScriptCertificateKind } from "../certgen/script-files.ts";
import { scratch } from "./scratch.ts";

/** openssl verifies as of today. */
export const now: Date = new Date();

/** A folder with the script's chain, of EC keys. */
export async function withChain(): Promise<string> {
  const folder = scratch();
  await createScriptChain(folder, { now, algorithm: "ec-p256" });
  return folder;
}

/** One that the tests of a group go on with. */
export function sharedChain(): { readonly folder: string } {
  const shared = { folder: "" };
  beforeAll(async () => {
    shared.folder = mkdtempSync(join(tmpdir(), "ca-tools-certgen-"));
    await createScriptChain(shared.folder, { now, algorithm: "ec-p256" });
  });
  afterAll(() => rmSync(shared.folder, { recursive: true, force: true }));
  return shared;
}

export const make = (
  folder: string,
  commonName: string,
  kind: ScriptCertificateKind = "device",
  more: Partial<ScriptCertificateOptions> = {},
): Promise<ScriptCertificate> =>
  createScriptCertificate(folder, { kind, commonName, now, ...more });

export const textIn = (folder: string, name: string): string =>
  readFileSync(join(folder, name), "utf8");

/** Rows of index.txt: status, serial number, subject. */
export const rows = (folder: string): string[] =>
  textIn(folder, "index.txt")
    .split("\n")
    .filter(Boolean)
    .map((row) => row.split("\t"))
    .map(([status, , , serial, , subject]) => `${status} ${serial} ${subject}`);
