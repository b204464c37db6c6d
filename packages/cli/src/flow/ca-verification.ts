import { open, stat } from "node:fs/promises";
import { resolve } from "node:path";
import {
  CaToolsError,
  createVerificationCertificate,
  findCa,
  loadCa,
  type PasswordSource,
} from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { shortPath } from "../output/text.ts";
import { readRegistry } from "./ca-steps.ts";

export interface VerificationOptions {
  code: string;
  /** Name of a CA of the folder. */
  ca: string;
  /** File to write; undefined prints it. */
  out: string | undefined;
  force: boolean;
  password: PasswordSource;
}

/** Proves possession of a CA's key: signs the service's verification code with it. */
export async function signVerificationCode(
  context: Context,
  { code, ca: name, out, force, password }: VerificationOptions,
): Promise<void> {
  const { pki, io, report } = context;
  const file = out === undefined ? undefined : resolve(io.cwd, out);
  const registry = await readRegistry(pki);
  findCa(registry, name);
  // Before anything is signed.
  if (file !== undefined && !force) await refuseExisting(file);
  const ca = await loadCa(pki, registry, name, password);
  const { pem, serialNumber } = await createVerificationCertificate(pki, {
    ca,
    code,
    now: io.now(),
  });
  const result = { ca: name, code, certificate: pem, serialNumber };
  if (file === undefined) return report.result(result, pem);
  await write(file, pem, force);
  report.step("done", "verification", `${ca.certificate.subject}   ${shortPath(io.cwd, file)}`);
  report.result({ ...result, file }, "");
}

async function refuseExisting(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) throw notWritten(file, "EISDIR");
  if (found !== undefined) throw exists(file);
}

const exists = (file: string) =>
  new CaToolsError("exists", `${file} is there already`, {
    file,
    hint: "use --force to overwrite it",
  });

async function write(file: string, pem: string, force: boolean): Promise<void> {
  try {
    const handle = await open(file, force ? "w" : "wx");
    try {
      await handle.writeFile(pem);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") throw exists(file);
    throw notWritten(file, code ?? message, cause);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EISDIR: "it is a folder, not a file",
  ENOENT: "its folder is not there",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is a file, not a folder",
  EROFS: "the file system is read-only",
};

function notWritten(file: string, code: string, cause?: unknown): CaToolsError {
  return new CaToolsError("not-writable", `cannot write ${file}: ${REASONS[code] ?? code}`, {
    cause,
    file,
    hint: "choose another file with --out",
  });
}
