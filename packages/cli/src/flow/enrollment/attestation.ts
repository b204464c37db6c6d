/** How the device of an individual enrollment is to show who it is, read from options. */
import { type Certificate, readDevice } from "@dps-certs/ca-tools";
import { type Args, checkDeviceId } from "../../args.ts";
import type { Context } from "../../command.ts";
import { CliError, usageError } from "../../errors.ts";
import type { GivenAttestation } from "../service/enrollment-members.ts";
import { readCommonAttestation } from "../service/enrollment-options.ts";
import { warnDates } from "../service/given-ca.ts";
import { readOneCertificate } from "../service/one-certificate.ts";
import { readTpmKey } from "./tpm-key.ts";

/** Undefined where nothing was said of it. */
export type EnrollmentAttestation = GivenAttestation | undefined;

/**
 * What the options of certificates, of a TPM and those in common with groups say. Warns of what would
 * keep the device from registering.
 *
 * @param id - registration id, which a certificate must have as its common name
 * @throws {CliError} `usage` for two kinds at once, `not-found`; {CaToolsError} `invalid-certificate`
 */
export async function readEnrollmentAttestation(
  args: Args,
  context: Context,
  id: string,
): Promise<EnrollmentAttestation> {
  const ways = [
    await readCommonAttestation(args, context),
    await readCertificates(args, context, id),
    await readTpm(args, context),
  ].filter((way) => way !== undefined);
  if (ways.length < 2) return ways[0];
  const words = ways.map(({ kind }) => WORDS[kind]);
  throw usageError(`${words.join(" and ")} exclude one another`, "a device has one of them");
}

const WORDS: Readonly<Record<GivenAttestation["kind"], string>> = {
  signingCertificates: "a CA",
  clientCertificates: "a certificate",
  caReferences: "--ca-reference",
  symmetricKey: "symmetric keys",
  tpm: "a TPM",
};

async function readTpm(args: Args, context: Context): Promise<EnrollmentAttestation> {
  const [endorsement, root] = [
    args.text("endorsement-key-file"),
    args.text("storage-root-key-file"),
  ];
  if (endorsement === undefined && root === undefined) return undefined;
  if (endorsement === undefined) {
    throw usageError("--storage-root-key-file needs --endorsement-key-file");
  }
  return {
    kind: "tpm",
    endorsementKey: await readTpmKey(context, endorsement, "endorsement-key-file"),
    storageRootKey:
      root === undefined ? undefined : await readTpmKey(context, root, "storage-root-key-file"),
  };
}

async function readCertificates(
  args: Args,
  context: Context,
  id: string,
): Promise<EnrollmentAttestation> {
  const [file, device] = [args.text("certificate"), args.text("device")];
  const secondFile = args.text("secondary-certificate");
  if (file !== undefined && device !== undefined) {
    throw usageError("--certificate and --device exclude one another");
  }
  const primary =
    device === undefined ? await fromFile(context, file) : await fromFolder(context, device);
  const secondary = await fromFile(context, secondFile);
  if (primary === undefined && secondary === undefined) return undefined;
  for (const certificate of [primary, secondary]) {
    if (certificate !== undefined) warnCertificate(context, certificate, id);
  }
  return { kind: "clientCertificates", primary: primary?.pem, secondary: secondary?.pem };
}

async function fromFolder({ pki }: Context, id: string): Promise<Certificate> {
  checkDeviceId(id);
  const certificate = await readDevice(pki, id);
  if (certificate !== undefined) return certificate;
  throw new CliError("not-found", `there is no device ${id} in ${pki}`, {
    hint: `make it with: dps-certs device create ${id}`,
  });
}

async function fromFile(
  { io }: Context,
  file: string | undefined,
): Promise<Certificate | undefined> {
  if (file === undefined) return undefined;
  const hint = "an enrollment takes the device's own certificate alone, without its chain";
  return await readOneCertificate(io.cwd, file, hint);
}

function warnCertificate(context: Context, certificate: Certificate, id: string): void {
  const { report } = context;
  const { basicConstraints, commonName, subject } = certificate;
  if (basicConstraints?.ca === true) {
    report.warn(`${subject} is a CA: an enrollment takes the device's own certificate`);
  }
  if (commonName !== id) {
    report.warn(
      `the certificate's common name is ${commonName ?? "missing"}, not ${id}: the service takes the enrollment, and refuses the device`,
    );
  }
  warnDates(context, certificate);
}
