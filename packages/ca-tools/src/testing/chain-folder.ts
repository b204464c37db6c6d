import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { createIntermediate, createRoot } from "../authority/create-ca.ts";
import { type Ca, loadCa } from "../authority/load-ca.ts";
import { FIRST_INTERMEDIATE } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import { NOW } from "./authority.ts";
import { scratch } from "./scratch.ts";

/** A PKI folder with `CN=Root CA` and `CN=CA` below it, made once a test file. */
export function chainFolder(): { copy: () => string; issuer: () => Ca } {
  let template = "";
  let issuer: Ca | undefined;
  beforeAll(async () => {
    template = mkdtempSync(join(tmpdir(), "ca-tools-"));
    await createRoot(template, { commonName: "Root CA", now: NOW });
    await createIntermediate(template, { commonName: "CA", now: NOW, group: null });
    issuer = await loadCaOf(template, FIRST_INTERMEDIATE);
  });
  afterAll(() => rmSync(template, { recursive: true, force: true }));
  return {
    copy: () => {
      const folder = scratch();
      cpSync(template, folder, { recursive: true });
      return folder;
    },
    issuer: () => {
      if (issuer === undefined) throw new Error("the folder is not made yet");
      return issuer;
    },
  };
}

export async function loadCaOf(folder: string, name: string): Promise<Ca> {
  return await loadCa(folder, (await openPki(folder)) ?? { version: 1, cas: [] }, name);
}
