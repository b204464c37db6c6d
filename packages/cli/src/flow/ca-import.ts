import { join } from "node:path";
import { caPaths, importCa, type PasswordSource, ROOT, readCa } from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { plural, shortPath } from "../output/text.ts";
import { warnReplaced } from "./ca-commands.ts";
import { describeCas } from "./ca-show.ts";
import { readRegistry, warnUnencrypted } from "./ca-steps.ts";
import { caLine } from "./chain-steps.ts";
import { readOwnCa } from "./own-ca.ts";

export interface ImportCaOptions {
  /** Holds the certificate, and the key where `key` is undefined. */
  ca: string;
  key: string | undefined;
  /** For the files. */
  unlock: PasswordSource;
  /** For the key in the folder. @default the one it was encrypted with, if it was */
  password: string | undefined;
  force: boolean;
}

export async function importOwnCa(context: Context, options: ImportCaOptions): Promise<void> {
  const { pki, io, report } = context;
  const { unlock, force } = options;
  const before = await readRegistry(pki);
  const ownCa = await readOwnCa(context, options, unlock);
  const { password: own, ...material } = await ownCa.open();
  const password = options.password ?? own;
  const { certificate, name, already, above, archive } = await importCa(pki, {
    ...material,
    now: io.now(),
    force,
    file: ownCa.file,
    ...(password && { password }),
  });
  const path = shortPath(io.cwd, join(pki, caPaths(name).certificate));
  report.step(already ? "already" : "done", "own CA", caLine(certificate, path));
  if (above.length > 0) {
    report.note(
      `${plural(above.length, "certificate")} above it left out: the service trusts this CA itself once it is verified`,
    );
  }
  if (!already && password === undefined) warnUnencrypted(report);
  if (already && password !== undefined) await warnStaysOpen(context);
  if (archive !== undefined) warnReplaced(context, before, archive);
  report.result(await describeCas(context, await readRegistry(pki)), "");
}

/** A key that is there is left as it is, also where it was to be encrypted. */
async function warnStaysOpen({ pki, io, report }: Context): Promise<void> {
  const { isEncrypted } = await readCa(pki, await readRegistry(pki), ROOT);
  if (isEncrypted) return;
  const key = shortPath(io.cwd, join(pki, caPaths(ROOT).key));
  report.warn(
    `${key} was there before and stays unencrypted; encrypt it with: openssl pkcs8 -topk8 -v2 aes-256-cbc -in ${key} -out ${key}.new && mv ${key}.new ${key}`,
  );
}
