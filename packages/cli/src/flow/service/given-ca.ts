import { resolve } from "node:path";
import {
  type CaRecord,
  CaToolsError,
  type Certificate,
  type Registry,
  readCaCertificate,
  readChain,
} from "@dps-certs/ca-tools";
import { quote } from "../../args.ts";
import type { Context } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { shortPath } from "../../output/text.ts";
import { findRegistry } from "./folder-cas.ts";
import { readOneCertificate } from "./one-certificate.ts";

/** A CA that an argument names. */
export interface GivenCa {
  certificate: Certificate;
  /** Its own certificate first, then what the PKI folder knows to be above it. */
  chain: readonly Certificate[];
  /** As it can be named in another command. */
  argument: string;
}

/**
 * The CA that an argument names: one of the PKI folder by its name, else a file with its certificate.
 * A private key that lies in the same file stays there.
 *
 * @throws {CliError} `not-found`; {CaToolsError} `invalid-certificate`, `not-a-ca`
 */
export async function readGivenCa(context: Context, argument: string): Promise<GivenCa> {
  const registry = await findRegistry(context);
  const record = registry?.cas.find(({ name }) => name === argument);
  if (registry !== undefined && record !== undefined) {
    return await fromFolder(context, registry, record, argument);
  }
  const certificate = await fromFile(context, registry, argument);
  checkIsCa(context, certificate, argument);
  const known = registry?.cas.find(({ sha256 }) => sha256 === certificate.sha256);
  if (registry === undefined || known === undefined) {
    return { certificate, chain: [certificate], argument };
  }
  return await fromFolder(context, registry, known, argument);
}

async function fromFolder(
  { pki }: Context,
  registry: Registry,
  record: CaRecord,
  argument: string,
): Promise<GivenCa> {
  const certificate = await readCaCertificate(pki, record);
  return { certificate, chain: await readChain(pki, registry, record), argument };
}

async function fromFile(
  { io, pki }: Context,
  registry: Registry | undefined,
  argument: string,
): Promise<Certificate> {
  return await readOneCertificate(io.cwd, argument).catch((error: unknown) => {
    if (!(error instanceof CliError) || error.code !== "not-found") throw error;
    const names = registry?.cas.map(({ name }) => name).join(", ") || "none";
    throw new CliError(
      "not-found",
      `there is no CA ${quote(argument)} in ${shortPath(io.cwd, pki)} (it has: ${names}), and no such file`,
      { cause: error, hint: "name a CA of: dps-certs ca show, or a file with its certificate" },
    );
  });
}

/** What does not say whether it is one is taken: the service forgives that in what it is given. */
function checkIsCa({ io }: Context, certificate: Certificate, argument: string): void {
  if (certificate.basicConstraints?.ca !== false) return;
  throw new CaToolsError("not-a-ca", `${certificate.subject} is no CA (CA:FALSE)`, {
    file: resolve(io.cwd, argument),
    hint: "give the certificate of the CA that signs the devices",
  });
}

/** Says of a CA that its dates let no device in. */
export function warnDates(
  { io, report }: Context,
  { subject, notBefore, notAfter }: Certificate,
): void {
  if (notAfter < io.now()) report.warn(`${subject} expired at ${notAfter.toISOString()}`);
  if (notBefore > io.now()) {
    report.warn(`${subject} is not valid before ${notBefore.toISOString()}`);
  }
}
