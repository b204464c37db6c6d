import { createVerificationCertificate, loadCa, type PasswordSource } from "@dps-certs/ca-tools";
import type { CertificateResponse } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { shortPath } from "../../output/text.ts";
import { withConnection } from "../../target/connect.ts";
import type { Connection } from "../../target/connection.ts";
import { readRegistry } from "../ca-steps.ts";
import { isUploadOf } from "../names.ts";
import { readFolderCas } from "../service/folder-cas.ts";
import { readOneCertificate } from "../service/one-certificate.ts";
import { openUploadedCa, signCode } from "./sign-code.ts";
import { stateOf } from "./text.ts";

export interface VerifyOptions {
  /** Name in the service. */
  name: string;
  how:
    | {
        is: "all";
        /** Certificate of the CA; undefined looks for it in the PKI folder and in the service. */
        ca: string | undefined;
        /** Its key, where that is not in the PKI folder. */
        caKey: string | undefined;
      }
    /** Prints a new code, to be signed elsewhere. */
    | { is: "code" }
    /** Sends what was signed elsewhere. */
    | { is: "with"; file: string };
  /** Of the keys of the PKI folder. */
  password: PasswordSource;
  /** Of `caKey`. */
  caPassword: PasswordSource;
}

/** Proves possession of an uploaded CA's private key, in one or in two halves. */
export async function verifyCertificate(context: Context, options: VerifyOptions): Promise<void> {
  const { name, how } = options;
  const proof = how.is === "with" ? await readOneCertificate(context.io.cwd, how.file) : undefined;
  await withConnection(context, {}, async (connection) => {
    const { certificates } = connection;
    const stored = await certificates.get(name);
    if (how.is === "code") return await printCode(context, connection, stored);
    if (stored.properties.isVerified === true) return tell(context, stored, "already");
    const verified =
      proof === undefined
        ? await certificates.provePossession(
            name,
            await signer(context, connection, stored, options),
          )
        : await certificates.verify(name, proof.pem, { ifMatch: stored.etag });
    tell(context, verified, "done");
  });
}

async function printCode(
  { report }: Context,
  { certificates }: Connection,
  { name, etag, properties }: CertificateResponse,
): Promise<void> {
  if (properties.isVerified === true) report.note(`${name} is verified already`);
  const answer = await certificates.generateVerificationCode(name, { ifMatch: etag });
  const { verificationCode } = answer.properties;
  report.note("sign a certificate with this common name by the CA's key, and send it with:");
  report.note(`  dps-certs certificate verify ${name} --with FILE`);
  report.result({ name, verificationCode }, `${verificationCode}\n`);
}

type Sign = (code: string) => Promise<string>;

/** Who signs the code: a key in a file, or the CA of the PKI folder that was uploaded. */
async function signer(
  context: Context,
  connection: Connection,
  stored: CertificateResponse,
  { how, password, caPassword }: VerifyOptions,
): Promise<Sign> {
  const { pki, io } = context;
  const own = (await readFolderCas(context)).find((ca) => isUploadOf(ca.certificate, stored));
  const key = how.is === "all" ? (how.caKey ?? how.ca) : undefined;
  if (how.is === "all" && key !== undefined) {
    const given = { files: { ca: how.ca, key }, known: own?.certificate, password: caPassword };
    const issuer = await openUploadedCa(context, connection, stored, given);
    return async (code) => await signCode(issuer, code, io.now());
  }
  if (own === undefined) throw noSuchCa(context, stored);
  const ca = await loadCa(pki, await readRegistry(pki), own.record.name, password);
  return async (code) =>
    (await createVerificationCertificate(pki, { ca, code, now: io.now() })).pem;
}

function noSuchCa({ pki, io }: Context, { name, properties }: CertificateResponse): CliError {
  const { thumbprint } = properties;
  return new CliError(
    "not-found",
    `${shortPath(io.cwd, pki)} has no CA that the service holds as ${name}: SHA-1 ${thumbprint}`,
    {
      hint: `give its key with --ca-key, name its folder with --pki, or sign the code elsewhere: dps-certs certificate verify ${name} --code-only`,
    },
  );
}

function tell({ report }: Context, stored: CertificateResponse, mark: "done" | "already"): void {
  report.step(mark, "proof of possession", `${stored.name}   ${stateOf(stored)}`);
  report.result(stored, "");
}
