import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  type CaRecord,
  CaToolsError,
  type Certificate,
  certificatesIn,
  devicePaths,
  type Item,
  listDeviceIds,
  openPki,
} from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { table } from "../output/table.ts";
import { plural, shortPath } from "../output/text.ts";
import { readFiles } from "./read-input.ts";

interface Expiring {
  file: string;
  subject: string;
  sha256: string;
  notAfter: string;
  expired: boolean;
  /** Whole days that are left; negative after the end. */
  daysLeft: number;
  mend: string;
}

interface Damaged {
  file: string;
  error: { code: string; message: string };
}

const DAY = 86_400_000;

/**
 * Lists what ends within a time: for cron, so it gives 0 and lists nothing when nothing does.
 *
 * @param files - none means the whole PKI folder
 * @returns 1 when something ends within the time, has ended, or cannot be read
 */
export async function checkExpiring(
  context: Context,
  files: readonly string[],
  withinMs: number,
): Promise<number> {
  const { io, report } = context;
  const registry = files.length === 0 ? await folderRegistry(context) : [];
  const paths = files.length === 0 ? await folderFiles(context) : files;
  const limit = io.now().getTime() + withinMs;
  const ids = await deviceIds(context);
  const found = new Map<string, { certificate: Certificate; file: string }>();
  const damaged: Damaged[] = [];
  for (const file of paths) {
    const items = await readOne(io.cwd, file, files.length === 0);
    damaged.push(...damagedOf(file, items));
    for (const certificate of certificatesIn(items)) {
      if (!found.has(certificate.sha256)) found.set(certificate.sha256, { certificate, file });
    }
  }
  const ending = [...found.values()]
    .filter(({ certificate }) => certificate.notAfter.getTime() <= limit)
    .map(({ certificate, file }) => ({
      ...describe(certificate, file, io.now()),
      mend: mendOf(certificate, ids.get(resolve(io.cwd, file)), registry),
    }))
    .sort((a, b) => a.notAfter.localeCompare(b.notAfter));
  for (const { error } of damaged) report.warn(error.message);
  if (ending.length === 0)
    report.note(`of ${plural(found.size, "certificate")}, none ends by then`);
  report.result([...ending, ...damaged], textOf(ending));
  return ending.length + damaged.length > 0 ? 1 : 0;
}

/** @param isListed - whether nobody named the file: then one that cannot be read stops no other */
async function readOne(cwd: string, file: string, isListed: boolean): Promise<Item[]> {
  try {
    return await readFiles(cwd, [file]);
  } catch (error) {
    if (!isListed || !(error instanceof CaToolsError)) throw error;
    const { code, message } = error;
    return [{ kind: "unknown", file, error: { code, message } }];
  }
}

function damagedOf(file: string, items: readonly Item[]): Damaged[] {
  return items.flatMap((item) => {
    if (item.kind !== "unknown") return [];
    const { code, message } = item.error;
    return [{ file, error: { code, message } }];
  });
}

async function folderRegistry({ pki }: Context): Promise<readonly CaRecord[]> {
  const registry = await openPki(pki);
  if (registry !== undefined) return registry.cas;
  throw new CliError("not-found", `there is no PKI folder ${pki}`, {
    hint: "name files, or another folder with --pki",
  });
}

/** As they are named to people: below the working folder, relative to it. */
async function folderFiles({ pki, io }: Context): Promise<string[]> {
  const folder = join(pki, "certs");
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw cause;
  });
  // A certificate's own file comes before the chains that hold it too.
  const isChain = (name: string) =>
    Number(/(?:-full-chain\.cert|\.chain\.ca\.cert)\.pem$/.test(name));
  return names
    .filter((name) => name.endsWith(".pem"))
    .sort((a, b) => isChain(a) - isChain(b) || a.localeCompare(b))
    .map((name) => shortPath(io.cwd, join(folder, name)));
}

function describe(certificate: Certificate, file: string, now: Date): Omit<Expiring, "mend"> {
  const { subject, sha256, notAfter } = certificate;
  const left = notAfter.getTime() - now.getTime();
  return {
    file,
    subject,
    sha256,
    notAfter: notAfter.toISOString(),
    expired: left < 0,
    daysLeft: Math.floor(left / DAY),
  };
}

/** Devices of the PKI folder by their certificates' paths. */
async function deviceIds({ pki }: Context): Promise<Map<string, string>> {
  const ids = await listDeviceIds(pki);
  return new Map(ids.map((id) => [join(pki, devicePaths(id).certificate), id]));
}

/** @param id - of the folder's device that it is the certificate of */
function mendOf(
  { basicConstraints, sha256 }: Certificate,
  id: string | undefined,
  registry: readonly CaRecord[],
): string {
  if (id !== undefined) return `dps-certs device renew ${id}`;
  const record = registry.find((ca) => ca.sha256 === sha256);
  if (record?.issuer === null) return "dps-certs ca create --force, then enroll --replace";
  return basicConstraints?.ca ? "have a new CA take its place" : "have it issued again";
}

function textOf(ending: readonly Expiring[]): string {
  if (ending.length === 0) return "";
  const rows = ending.map(({ file, subject, notAfter, expired, daysLeft, mend }) => [
    notAfter.slice(0, 16).replace("T", " "),
    expired ? "expired" : `${plural(daysLeft, "day")} left`,
    subject,
    file,
    mend,
  ]);
  return table(["ENDS", "", "SUBJECT", "FILE", "MEND"], rows);
}
