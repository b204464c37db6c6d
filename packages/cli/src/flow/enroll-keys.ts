import { openPki, type PasswordSource, ROOT } from "@dps-certs/ca-tools";
import type { Args } from "../args.ts";
import type { Context } from "../command.ts";
import { givenPassword, requiredPassword } from "../passwords.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { readOwnCa } from "./own-ca.ts";

/**
 * What `enroll` needs to know of passwords, and of a CA of one's own. Where the folder has no CA yet,
 * that one is opened and checked here, before anything is made.
 */
export async function enrollKeys(
  args: Args,
  context: Context,
  files: { ca: string; key: string | undefined } | undefined,
): Promise<Pick<EnrollInput, "newKeyPassword" | "ownCa" | "password">> {
  const stored = await givenPassword(args, context);
  const newKeyPassword = stored === undefined ? {} : { newKeyPassword: stored };
  const ask = requiredPassword(args, context);
  if (files === undefined) return { ...newKeyPassword, password: ask };
  const ownCa = await readOwnCa(context, files, requiredPassword(args, context, "ca-password"));
  const registry = await openPki(context.pki);
  const isEmpty = !registry?.cas.some(({ name }) => name === ROOT);
  const used = isEmpty ? (await ownCa.open()).password : undefined;
  const own = stored ?? used ?? (await givenPassword(args, context, "ca-password"));
  return { ...newKeyPassword, ownCa, password: firstOf(own, ask) };
}

/** An imported CA is kept under the password that its key had. */
const firstOf =
  (known: string | undefined, ask: PasswordSource): PasswordSource =>
  async (file) =>
    known ?? (await ask(file));
