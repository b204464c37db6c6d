import { createHash } from "node:crypto";
import { CaToolsError } from "../errors.ts";

/**
 * Where things lie in a PKI folder: the layout of the CACertificates scripts, so that their users'
 * paths, and `openssl ca` with their configuration, work here. Paths are relative, with `/`.
 */
const PREFIX = "azure-iot-test-only.";
const INTERMEDIATE = ".intermediate";
const FULL_CHAIN = "-full-chain";

export const ROOT = "root";
export const FIRST_INTERMEDIATE = "intermediate";

export const FOLDERS: readonly string[] = ["certs", "private", "csr", "newcerts", "crl"];
/** Journals of bulk runs: how far each came. */
export const RUNS = ".bulk";
/** Beside them. */
const FILES: ReadonlySet<string> = new Set([
  ...["pki.json", "index.txt", "index.txt.attr", "serial", "crlnumber"],
]);
/** Beginning of the folders that replaced files go to. */
export const ARCHIVE = "old-";
export const PKI_FILE = "pki.json";
/** How the names of temporary files begin, and of those that begin a folder. */
export const TEMPORARY = ".tmp-";
export const BEGINNING: string = `${TEMPORARY}begin-`;
export const INDEX_FILE = "index.txt";
export const CHAIN_FILE: string = `certs/${PREFIX}chain.ca.cert.pem`;

/** Whether a relative path is one that the folder's own files may have. */
export function isOwnPath(path: string): boolean {
  const [first = "", name, ...rest] = path.split("/");
  if (name === undefined) return FILES.has(first);
  const isFolder = FOLDERS.includes(first) || first === RUNS;
  return rest.length === 0 && isFolder && isMovableName(name);
}

/** Whether a file of this name can be part of a change: no way up, nothing that a shell would mind. */
export const isMovableName = (name: string): boolean =>
  /^[A-Za-z0-9%._~-]+$/.test(name) && name !== "." && name !== "..";

/** Names that the original scripts write themselves. */
const SCRIPT_NAMES = new Set([
  "new-device",
  "new-edge-device",
  "new-edge-device.ca",
  "verification-code",
]);
/** File systems of Windows give these to devices, with any extension. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)/i;

const percent = (character: string) =>
  [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    .join("");

/** The file name that stands for an id: reversible, and safe on every file system. */
export function encodeFileName(id: string): string {
  const safe = id.replace(/[^A-Za-z0-9._~-]/gu, percent);
  return WINDOWS_DEVICE.test(safe) || safe.startsWith(".")
    ? percent(safe.slice(0, 1)) + safe.slice(1)
    : safe;
}

/** The inverse of {@link encodeFileName}; undefined for a name that it does not write. */
export function decodeFileName(name: string): string | undefined {
  try {
    const id = decodeURIComponent(name);
    return encodeFileName(id) === name ? id : undefined;
  } catch {
    return undefined;
  }
}

/** Bytes of a file name that every file system takes, less what is put behind an id. */
const MAX_ENCODED = 220;

/**
 * Refuses device ids whose files would be taken for others of the folder, or have too long a name.
 *
 * @throws {CaToolsError} `invalid-name`
 */
export function checkDeviceId(id: string): void {
  const lower = id.toLowerCase();
  const reserved =
    lower.startsWith(PREFIX) ||
    lower.endsWith(FULL_CHAIN) ||
    lower.endsWith(INTERMEDIATE) ||
    SCRIPT_NAMES.has(lower);
  if (encodeFileName(id).length > MAX_ENCODED) {
    throw new CaToolsError("invalid-name", `the device id ${id} makes too long a file name`, {
      hint: "choose a shorter id, or one of ASCII letters and digits",
    });
  }
  if (!reserved) return;
  throw new CaToolsError(
    "invalid-name",
    `the device id ${id} is reserved: the PKI folder keeps other files under that name`,
    { hint: "choose another id" },
  );
}

export interface CaPaths {
  certificate: string;
  key: string;
}

/** File stem of a CA: the fixed names of the scripts for the first two, `<name>.intermediate` for others. */
export function caStem(name: string): string {
  if (name === ROOT) return `${PREFIX}root.ca`;
  if (name === FIRST_INTERMEDIATE) return `${PREFIX}intermediate`;
  return encodeFileName(name) + INTERMEDIATE;
}

export function caPaths(name: string): CaPaths {
  const stem = caStem(name);
  return { certificate: `certs/${stem}.cert.pem`, key: `private/${stem}.key.pem` };
}

export interface DevicePaths extends CaPaths {
  fullChain: string;
}

export function devicePaths(id: string): DevicePaths {
  const stem = encodeFileName(id);
  return {
    certificate: `certs/${stem}.cert.pem`,
    key: `private/${stem}.key.pem`,
    fullChain: `certs/${stem}${FULL_CHAIN}.cert.pem`,
  };
}

/** The device id that a file of `certs/` belongs to; undefined when it is no device's certificate. */
export function deviceIdOfFile(file: string): string | undefined {
  if (!file.endsWith(".cert.pem")) return undefined;
  const stem = file.slice(0, -".cert.pem".length);
  if (stem.startsWith(PREFIX) || stem.endsWith(INTERMEDIATE) || stem.endsWith(FULL_CHAIN)) {
    return undefined;
  }
  // Written anew by each run of a script: no device's for long.
  if (SCRIPT_NAMES.has(stem)) return undefined;
  return decodeFileName(stem);
}

/** Names whose files are others of the folder. */
const TAKEN = /^(?:root|intermediate|azure-iot-test-only.*)$/i;

/**
 * Name of a group's CA. A group id has up to 128 characters, a common name 64 with a word behind the
 * name: what is cut off, replaced, or taken, is told apart by a hash.
 */
export function caNameFor(groupId: string): string {
  const name = groupId.replace(/[^A-Za-z0-9._:-]/gu, "-");
  if (name === groupId && /^.{1,40}$/.test(name) && !TAKEN.test(name)) return name;
  const hash = createHash("sha256").update(groupId.toLowerCase()).digest("hex").slice(0, 6);
  return `${name.slice(0, 40)}~${hash}`;
}
