import { join } from "node:path";
import * as v from "valibot";
import { CaToolsError } from "../errors.ts";
import { KEY_ALGORITHMS, type KeyAlgorithmName } from "../x509/keys.ts";
import { adoptScriptFolder } from "./adopt.ts";
import { listNames, readText } from "./files.ts";
import { BEGINNING, PKI_FILE } from "./layout.ts";
import { LOCK_NAME } from "./lock.ts";
import type { NewFile } from "./transaction.ts";

const MAX_REGISTRY_BYTES = 4 * 1024 * 1024;

/** A CA of the folder. Its files are named by its name (see layout). */
export interface CaRecord {
  name: string;
  /** Stem of its files, for people who read pki.json. */
  file: string;
  /** Name of the CA that issued it; null for a root. */
  issuer: string | null;
  sha256: string;
  /** Enrollment group that it signs the devices of. */
  group: string | null;
  /** 1, and one more after each rotation. */
  generation: number;
  /** Number of its last CRL (RFC 5280 §5.2.3); absent before the first. */
  crlNumber?: number;
  /** Its private key lies in another PKI folder, whose devices it signs or whose top it is. */
  keyElsewhere?: true;
}

export interface Registry {
  version: 1;
  /** Kind of keys that the folder's chain was made with: what is made later is of the same kind. */
  algorithm?: KeyAlgorithmName;
  /** Which part of a fleet the folder was made for, counted from 0. @default the folder is no shard's */
  shard?: number;
  cas: CaRecord[];
}

// Names become paths, so what a damaged or foreign file may say is bounded here.
const CaName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9._:~-]{1,64}$/));

const RegistrySchema: v.GenericSchema<unknown, Registry> = v.object({
  version: v.literal(1),
  algorithm: v.exactOptional(v.picklist(KEY_ALGORITHMS)),
  shard: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  cas: v.array(
    v.object({
      name: CaName,
      file: v.string(),
      issuer: v.nullable(CaName),
      sha256: v.pipe(v.string(), v.regex(/^[0-9A-F]{64}$/)),
      group: v.nullable(v.string()),
      generation: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
      crlNumber: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
      keyElsewhere: v.exactOptional(v.literal(true)),
    }),
  ),
});

/** What may lie in any folder, and says nothing about whose it is. */
const COMPANIONS: ReadonlySet<string> = new Set([
  ".DS_Store",
  ".dps-certs",
  ".git",
  ".gitattributes",
  ".gitignore",
  ".gitkeep",
]);

export interface FolderUse {
  /** Whether the folder may hold other things beside a PKI, as the scripts' working folder does. @default false */
  shared?: boolean;
  /** Whether the chain of a script's folder is to be replaced: one that is damaged counts as none. @default false */
  replacing?: boolean;
}

/**
 * Reads `pki.json`, or the certificates of a folder that the CACertificates scripts began. Undefined
 * where a new folder may begin: nothing there, or nothing in it.
 *
 * @throws {CaToolsError} `not-a-pki-folder` when the folder holds other things, `damaged-folder` when the file cannot be read
 */
export async function readRegistry(
  folder: string,
  use: FolderUse = {},
): Promise<Registry | undefined> {
  const path = join(folder, PKI_FILE);
  const text = await readText(path, MAX_REGISTRY_BYTES);
  if (text !== undefined) return parseRegistry(path, text);
  const names = await listNames(folder);
  // Another process began the folder between the two looks.
  if (names.includes(PKI_FILE)) return await readRegistry(folder, use);
  const adopted = await adoptScriptFolder(folder).catch((error: unknown) => {
    if (use.replacing && isDamage(error)) return undefined;
    throw error;
  });
  if (adopted !== undefined || use.shared) return adopted;
  const foreign = names.find(
    (name) => name !== LOCK_NAME && !name.startsWith(BEGINNING) && !COMPANIONS.has(name),
  );
  if (foreign === undefined) return undefined;
  throw new CaToolsError(
    "not-a-pki-folder",
    `${folder} is not a PKI folder: it has no ${PKI_FILE}, and holds ${foreign}`,
    { file: folder, hint: "choose another folder with --pki" },
  );
}

const isDamage = (error: unknown) =>
  error instanceof CaToolsError &&
  (error.code === "invalid-certificate" || error.code === "damaged-folder");

function parseRegistry(path: string, text: string): Registry {
  try {
    return v.parse(RegistrySchema, JSON.parse(text));
  } catch (cause) {
    throw damagedRegistry(path, cause);
  }
}

function damagedRegistry(path: string, cause: unknown): CaToolsError {
  return new CaToolsError("damaged-folder", `${path} is damaged, or of another version`, {
    cause,
    file: path,
    hint: "restore it from a copy, or choose another folder with --pki",
  });
}

/** The registry as a file of a change. */
export function registryFile(registry: Registry): NewFile {
  // What could not be read again would lock everybody out of the folder.
  const data = `${JSON.stringify(v.parse(RegistrySchema, registry), undefined, 2)}\n`;
  return { path: PKI_FILE, data, replace: true };
}
