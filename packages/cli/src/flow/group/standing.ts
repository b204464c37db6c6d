/** The CAs that a group is to trust, held against what the service has. */
import type { CertificateResponse } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { Connection } from "../../target/connection.ts";
import { isNotAllowed, standingOf } from "../certificate/uploads.ts";
import { certificateNameFor } from "../names.ts";
import type { GivenCa } from "../service/given-ca.ts";
import type { GroupAttestation } from "./attestation.ts";

const referencesOf = ({ given }: GroupAttestation): string[] =>
  given?.kind === "caReferences"
    ? [given.primary, given.secondary].filter((name) => name !== undefined)
    : [];

/**
 * Looks up what the service holds, where CAs are given; undefined where that is not allowed, or no use.
 *
 * @throws {CliError} `not-found` for a reference to a certificate that is not there
 */
export async function lookUpCas(
  { report }: Context,
  { certificates }: Connection,
  attestation: GroupAttestation,
): Promise<CertificateResponse[] | undefined> {
  const names = referencesOf(attestation);
  if (attestation.cas.length === 0 && names.length === 0) return undefined;
  const uploaded = await certificates.list().catch((error: unknown) => {
    if (!isNotAllowed(error)) throw error;
    report.note("which CAs the service has verified could not be looked up");
    return undefined;
  });
  const missing = names.find((name) => uploaded && uploadNamed(uploaded, name) === undefined);
  if (missing === undefined) return uploaded;
  throw new CliError("not-found", `the service has no certificate ${missing}`, {
    hint: "see them with: dps-certs certificate list",
  });
}

const uploadNamed = (all: readonly CertificateResponse[], name: string) =>
  all.find((one) => one.name.toLowerCase() === name.toLowerCase());

/**
 * Warns where no device of the group could register: its CA leads to none that is uploaded and
 * verified.
 *
 * @param uploaded - as `lookUpCas` found it
 */
export function warnStanding(
  { report }: Context,
  attestation: GroupAttestation,
  uploaded: readonly CertificateResponse[] | undefined,
): void {
  if (uploaded === undefined) return;
  const warnings = [
    ...attestation.cas.flatMap((ca) => caWarning(ca, uploaded)),
    ...referencesOf(attestation).flatMap((name) => referenceWarning(name, uploaded)),
  ];
  for (const { problem, commands } of warnings) {
    report.warn(`${problem}: devices cannot register (401002); mend it with:`);
    for (const command of commands) report.note(`  dps-certs certificate ${command}`);
  }
}

export interface StandingWarning {
  problem: string;
  /** What mends it, without `dps-certs certificate`. */
  commands: string[];
}

export function caWarning(
  { certificate, chain, argument }: GivenCa,
  uploaded: readonly CertificateResponse[],
): StandingWarning[] {
  const standing = standingOf(chain, uploaded);
  if (standing.is === "verified" || standing.is === "named") return [];
  if (standing.is === "unverified") {
    const { name } = standing.by;
    return [{ problem: `${name} is not verified`, commands: [`verify ${name}`] }];
  }
  const top = chain.at(-1) ?? certificate;
  const file = top === certificate ? argument : "root";
  return [
    {
      problem: `the service holds no verified CA that ${certificate.subject} leads to`,
      commands: [`upload ${shellWord(file)}`, `verify ${certificateNameFor(top)}`],
    },
  ];
}

function referenceWarning(
  reference: string,
  uploaded: readonly CertificateResponse[],
): StandingWarning[] {
  const found = uploadNamed(uploaded, reference);
  if (found === undefined || found.properties.isVerified === true) return [];
  return [{ problem: `${found.name} is not verified`, commands: [`verify ${found.name}`] }];
}

const shellWord = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
