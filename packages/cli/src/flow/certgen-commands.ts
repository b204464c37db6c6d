import {
  type Certificate,
  caPaths,
  createScriptCertificate,
  createScriptChain,
  FIRST_INTERMEDIATE,
  type PasswordSource,
  ROOT,
  type ScriptCertificateKind,
} from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import type { CertgenOptions } from "../commands/certgen/options.ts";
import { plural, validUntil } from "../output/text.ts";
import { warnCut } from "./ca-steps.ts";

const TEST_ONLY =
  "these certificates are for test only: the password of the CA keys is 1234, as the script's is";

/** Makes the root and the intermediate in the current folder. */
export async function createChain(context: Context, options: CertgenOptions): Promise<void> {
  const { io, report } = context;
  const { algorithm, days, force } = options;
  const stopWorking = report.working("making keys");
  const made = await createScriptChain(io.cwd, {
    ...{ now: io.now(), force },
    ...(algorithm && { algorithm }),
    ...(days !== undefined && { days }),
  }).finally(stopWorking);
  report.warn(TEST_ONLY);
  const cas = [
    { title: "root CA", certificate: made.root, paths: caPaths(ROOT) },
    {
      title: "intermediate CA",
      certificate: made.intermediate,
      paths: caPaths(FIRST_INTERMEDIATE),
    },
  ];
  for (const { title, certificate, paths } of cas) {
    report.step("done", title, describeEnd(context, certificate, paths.certificate));
    report.step("done", "private key", `${paths.key} (password 1234)`);
  }
  report.step("done", "chain", made.chainFile);
  if (made.archive !== undefined) report.warn(`what was there is kept in ${made.archive}`);
  if (made.groups.length > 0) {
    report.warn(`enroll again with --replace: ${made.groups.join(", ")}`);
  }
  for (const path of made.left) report.warn(`${path} is none of the script's files and stays`);
  const result = cas.map(({ certificate, paths }) => ({ ...toJson(certificate), ...paths }));
  report.result(
    { cas: result, chain: made.chainFile, ...(made.archive && { archive: made.archive }) },
    "",
  );
}

export interface CreateCertificateOptions extends CertgenOptions {
  kind: ScriptCertificateKind;
  commonName: string;
  password: PasswordSource;
}

/** Makes a certificate with the script's fixed file names in the current folder. */
export async function createCertificate(
  context: Context,
  options: CreateCertificateOptions,
): Promise<void> {
  const { io, report } = context;
  const { algorithm, days, ...rest } = options;
  const stopWorking = report.working("making a key");
  const made = await createScriptCertificate(io.cwd, {
    ...{ ...rest, now: io.now() },
    ...(algorithm && { algorithm }),
    ...(days !== undefined && { days }),
  }).finally(stopWorking);
  const { certificate, issuer, paths } = made;
  const signed = `signed by ${issuer.subject}`;
  report.step(
    "done",
    "certificate",
    `${describeEnd(context, certificate, paths.certificate)}, ${signed}`,
  );
  report.step("done", "private key", `${paths.key} (no password)`);
  report.step("done", "PFX", `${paths.pfx} (password 1234)`);
  if (paths.fullChain !== undefined) report.step("done", "full chain", paths.fullChain);
  if (isCutShort(made)) warnCut(report, certificate.subject, made);
  const { superseded } = made;
  if (superseded.length > 0) {
    const noun = plural(superseded.length, "older certificate");
    report.warn(`${noun} of that name superseded: serial ${superseded.join(", ")}`);
  }
  if (made.relisted) report.warn("pki.json named other CAs; it now names those in certs/");
  report.result({ ...toJson(certificate), ...paths }, "");
}

/** By the hours since the chain was made every certificate is: they are not worth a warning. */
function isCutShort({
  certificate,
  cutFrom,
}: {
  certificate: Certificate;
  cutFrom?: Date;
}): boolean {
  return cutFrom !== undefined && cutFrom.getTime() - certificate.notAfter.getTime() >= 86_400_000;
}

const describeEnd = ({ io }: Context, certificate: Certificate, path: string) =>
  `${certificate.subject}   ${path}   valid until ${validUntil(io.now(), certificate.notAfter.toISOString())}`;

function toJson(certificate: Certificate) {
  const { subject, issuer, serialNumber, sha1, sha256, notBefore, notAfter } = certificate;
  return {
    ...{ subject, issuer, serialNumber, sha1, sha256 },
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
  };
}
