import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { CaToolsError } from "../errors.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { type Crl, parseCrl } from "../x509/crl-read.ts";
import { readPfx } from "../x509/pfx/read.ts";
import { type PasswordSource, readPrivateKey } from "../x509/private-key.ts";
import { type Block, splitBlocks } from "./blocks.ts";
import { bundled, type Form, formOf } from "./form.ts";
import { type LooseRequest, readLooseRequest } from "./loose-request.ts";
import type { InspectProblem } from "./types.ts";

/** An object that was read from an input. */
export type Item = { file?: string; line?: number } & (
  | { kind: "certificate"; certificate: Certificate }
  | { kind: "private-key"; encrypted: boolean; key?: KeyObject; error?: InspectProblem }
  | { kind: "public-key"; key: KeyObject }
  | { kind: "request"; request: LooseRequest }
  | { kind: "crl"; crl: Crl }
  | { kind: "pfx"; contents?: Item[]; error?: InspectProblem }
  | { kind: "unknown"; label?: string; error: InspectProblem }
);

export interface ReadOptions {
  /** Named in messages, and to the sources of passwords. */
  file?: string;
  /** Of encrypted keys; where it gives none, they are not opened. */
  password?: PasswordSource;
  /** Of PFX files. @default that of keys */
  pfxPassword?: PasswordSource;
}

/** Upper bound for an input, in bytes; a CRL alone may have sixteen times as much. */
export const MAX_INSPECT_BYTES: number = 1024 * 1024;
const MAX_INSPECT_CRL_BYTES = 16 * MAX_INSPECT_BYTES;

/** Encrypted objects that are opened in one input: each may ask for seconds of key derivation. */
const MAX_OPENED: Readonly<Record<string, number>> = { pfx: 4, "encrypted-pkcs8": 64 };

/**
 * Reads everything that an input holds, by what it is and not by what its file is called: PEM with any
 * number of blocks, DER, base64 without armour, PFX, PKCS #7. What cannot be read becomes an item of
 * its own that says why, so one damaged block hides no other. Never throws for what the input holds.
 */
export async function readItems(input: Uint8Array, options: ReadOptions = {}): Promise<Item[]> {
  const named = options.file === undefined ? {} : { file: options.file };
  if (input.length > MAX_INSPECT_CRL_BYTES) return [{ ...named, ...tooLarge(options) }];
  const items: Item[] = [];
  const opened = new Map<Form, number>();
  for (const block of splitBlocks(input)) {
    const { line } = block;
    // One after the other: each encrypted one may take a second of derivation.
    const read = await readBlock(block, options, opened);
    const place = { ...named, ...(line !== undefined && { line }) };
    items.push(...read.map((item) => ({ ...place, ...item })));
  }
  if (input.length <= MAX_INSPECT_BYTES || items.every(({ kind }) => kind === "crl")) return items;
  return [{ ...named, ...tooLarge(options) }];
}

const tooLarge = ({ file = "the input" }: ReadOptions): Item => ({
  kind: "unknown",
  error: {
    code: "too-large",
    message: `${file} is larger than ${MAX_INSPECT_BYTES / 1024} KiB, the most that is read`,
  },
});

async function readBlock(
  block: Block,
  options: ReadOptions,
  opened: Map<Form, number>,
): Promise<Item[]> {
  const { label, problem } = block;
  if (problem !== undefined) return [unknown(block, options, problem)];
  // Stands before a key and says what the key says again.
  if (label !== undefined && /^(?:EC|DSA|DH) PARAMETERS$/.test(label)) return [];
  if (block.der === undefined || label === "OPENSSH PRIVATE KEY") {
    return [await privateKey(block.text ?? "", true, options)];
  }
  const form = formOf(block.der);
  if (form === undefined) return [unknown(block, options, "is nothing that is known here")];
  const count = (opened.get(form) ?? 0) + 1;
  opened.set(form, count);
  const most = MAX_OPENED[form];
  if (most !== undefined && count > most) {
    return [unknown(block, options, `is more than the ${most} of its kind that are opened`)];
  }
  try {
    return await READERS[form](block.der, options);
  } catch (error) {
    const known = error instanceof CaToolsError;
    return [known ? failed(block, error) : unknown(block, options, `is damaged (${NAMES[form]})`)];
  }
}

const NAMES: Readonly<Record<Form, string>> = {
  certificate: "a certificate",
  request: "a certificate signing request",
  crl: "a certificate revocation list",
  pkcs8: "a private key",
  "encrypted-pkcs8": "an encrypted private key",
  pkcs1: "an RSA private key",
  sec1: "an EC private key",
  spki: "a public key",
  "pkcs1-public": "an RSA public key",
  pfx: "a PFX",
  pkcs7: "a PKCS #7 bundle",
};

type Reader = (der: Uint8Array, options: ReadOptions) => Item[] | Promise<Item[]>;

const plainKey =
  (type: "pkcs8" | "pkcs1" | "sec1"): Reader =>
  (der) => {
    const key = createPrivateKey({ key: Buffer.from(der), format: "der", type });
    return [{ kind: "private-key", encrypted: false, key }];
  };

const publicKey =
  (type: "spki" | "pkcs1"): Reader =>
  (der) => [
    {
      kind: "public-key",
      key: createPublicKey({ key: Buffer.from(der), format: "der", type }),
    },
  ];

const READERS: Readonly<Record<Form, Reader>> = {
  certificate: (der, { file }) => [
    { kind: "certificate", certificate: parseCertificate(der, file) },
  ],
  request: (der, { file }) => [{ kind: "request", request: readLooseRequest(der, file) }],
  crl: (der, { file }) => [{ kind: "crl", crl: parseCrl(der, file) }],
  pkcs8: plainKey("pkcs8"),
  pkcs1: plainKey("pkcs1"),
  sec1: plainKey("sec1"),
  "encrypted-pkcs8": async (der, options) => [await privateKey(der, true, options)],
  spki: publicKey("spki"),
  "pkcs1-public": publicKey("pkcs1"),
  pfx: async (der, options) => [await pfx(der, options)],
  pkcs7: (der, options) => bundled(der).map((one) => bundledItem(one, options)),
};

async function privateKey(
  input: string | Uint8Array,
  encrypted: boolean,
  { file, password }: ReadOptions,
): Promise<Item> {
  const key = await readPrivateKey(input, { file, password, anyKind: true }).catch(problemOf);
  if (!("code" in key)) return { kind: "private-key", encrypted, key };
  // That nobody gave a password is no error: it is said that the key is encrypted.
  if (key.code === "password-required") return { kind: "private-key", encrypted };
  return { kind: "private-key", encrypted, error: key };
}

async function pfx(der: Uint8Array, options: ReadOptions): Promise<Item> {
  const { file, password, pfxPassword = password } = options;
  const named = file === undefined ? {} : { file };
  const read = await readPfx(der, { file, password: pfxPassword, anyKind: true }).catch(problemOf);
  if ("code" in read) {
    return read.code === "password-required" ? { kind: "pfx" } : { kind: "pfx", error: read };
  }
  const { privateKey: key, certificates } = read;
  return {
    kind: "pfx",
    contents: [
      ...(key ? [{ ...named, kind: "private-key" as const, encrypted: true, key }] : []),
      ...certificates.map((certificate) => ({
        ...named,
        kind: "certificate" as const,
        certificate,
      })),
    ],
  };
}

/** A bundle holds certificates and CRLs, never another bundle. */
function bundledItem(der: Uint8Array, options: ReadOptions): Item {
  const { file } = options;
  const form = formOf(der);
  try {
    if (form === "certificate") {
      return { kind: "certificate", certificate: parseCertificate(der, file) };
    }
    if (form === "crl") return { kind: "crl", crl: parseCrl(der, file) };
  } catch (error) {
    return failed({}, error);
  }
  return unknown({}, options, "holds what no PKCS #7 bundle can");
}

/** @throws the error that is none of ours */
function problemOf(error: unknown): InspectProblem {
  if (!(error instanceof CaToolsError)) throw error;
  const { code, message, hint } = error;
  return { code, message, ...(hint !== undefined && { hint }) };
}

/** @throws the error that is none of ours */
const failed = ({ label }: Block, error: unknown): Item => ({
  kind: "unknown",
  ...(label !== undefined && { label }),
  error: problemOf(error),
});

function unknown({ label, line }: Block, { file = "the input" }: ReadOptions, is: string): Item {
  const where = line === undefined ? file : `${file}, line ${line}:`;
  const what = label === undefined ? "" : ` ${label}`;
  return {
    kind: "unknown",
    ...(label !== undefined && { label }),
    error: { code: "unrecognised", message: `${where}${what} ${is}` },
  };
}
