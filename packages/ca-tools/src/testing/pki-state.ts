/** What must hold of every PKI folder, whatever happened to it. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { loadCa } from "../authority/load-ca.ts";
import { isKeyElsewhere, listDeviceIds, loadDevice } from "../authority/load-device.ts";
import { openPki } from "../folder/pki.ts";
import { openssl } from "./openssl.ts";
import { snapshot } from "./snapshot.ts";

/**
 * Describes what is wrong with a folder; empty when all is well: every key has its certificate, every
 * CA and device can be loaded, every certificate that was signed is in index.txt exactly once, and
 * nothing temporary is left.
 */
export async function flawsOf(folder: string): Promise<string[]> {
  const files = Object.keys(snapshot(folder));
  return [
    ...files.filter((path) => /(?:^|\/)\.tmp-|^\.pending\//.test(path)),
    ...keysAlone(files),
    ...(await unloadable(folder)),
    ...indexFlaws(folder),
  ];
}

function keysAlone(files: readonly string[]): string[] {
  const there = new Set(files);
  return files.flatMap((path) => {
    const certificate = path.replace("private/", "certs/").replace(/\.key\.pem$/, ".cert.pem");
    return path.startsWith("private/") && path.endsWith(".key.pem") && !there.has(certificate)
      ? `${path} is alone`
      : [];
  });
}

async function unloadable(folder: string): Promise<string[]> {
  const flaws: string[] = [];
  const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
  const loads = [
    ...registry.cas.map(({ name }) => async () => {
      await loadCa(folder, registry, name);
    }),
    ...(await listDeviceIds(folder)).map((id) => async () => {
      if (!(await isKeyElsewhere(folder, id))) await loadDevice(folder, id);
    }),
  ];
  for (const load of loads) await load().catch((error: unknown) => flaws.push(String(error)));
  return flaws;
}

function indexFlaws(folder: string): string[] {
  const rows = readFileSync(join(folder, "index.txt"), "utf8").split("\n").slice(0, -1);
  const listed = rows.map((row) => row.split("\t")[3]).sort();
  const kept = readdirSync(join(folder, "newcerts"))
    .map((file) => basename(file, ".pem"))
    .sort();
  return JSON.stringify(listed) === JSON.stringify(kept)
    ? []
    : [`index.txt lists ${listed}, newcerts has ${kept}`];
}

/** Serial number of a certificate file, as openssl reads it. */
export function serialOf(path: string): string {
  return openssl(["x509", "-noout", "-serial", "-in", path]).trim().replace("serial=", "");
}
