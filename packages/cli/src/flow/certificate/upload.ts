import type { Certificate } from "@dps-certs/ca-tools";
import { isDpsClientError } from "@dps-certs/dps-client";
import type { CertificateResponse } from "@dps-certs/dps-protocol";
import { certificateNameProblem } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { CliError, usageError } from "../../errors.ts";
import { withConnection } from "../../target/connect.ts";
import { certificateNameFor, isUploadOf } from "../names.ts";
import { readGivenCa, warnDates } from "../service/given-ca.ts";
import { stateOf } from "./text.ts";

export interface UploadOptions {
  /** A CA of the PKI folder, or a file. */
  ca: string;
  /** Name in the service. @default made of the subject */
  name: string | undefined;
  /** Has the service take it as verified, without proof of possession. */
  verified: boolean;
  /** Takes the place of another certificate of that name. */
  replace: boolean;
}

/** What an upload has to do: nothing, a new name, or a change of the one with this etag. */
export type UploadPlan =
  | { is: "already"; stored: CertificateResponse }
  | { is: "new" }
  | { is: "change"; etag: string };

/** Uploads a CA's certificate; once more with the same changes nothing. */
export async function uploadCertificate(context: Context, options: UploadOptions): Promise<void> {
  const { verified, name } = options;
  const problem = name === undefined ? undefined : certificateNameProblem(name);
  if (problem !== undefined) throw usageError(`--name: ${problem}`);
  const { certificate } = await readGivenCa(context, options.ca);
  await withConnection(context, {}, async ({ certificates }) => {
    warnDates(context, certificate);
    const look = async () => planUpload(await certificates.list(), certificate, options);
    const plan = await look();
    if (plan.is === "already") return tell(context, plan.stored, "already");
    const target = name ?? certificateNameFor(certificate);
    const ifMatch = plan.is === "change" ? plan.etag : undefined;
    const asked = { ...(verified && { verified }), ifMatch };
    try {
      tell(context, await certificates.upload(target, certificate.pem, asked), "done");
    } catch (error) {
      if (!isDpsClientError(error, "conflict", "etag-mismatch")) throw error;
      // Somebody was faster, and may have uploaded the same.
      const present = await look();
      if (present.is !== "already") throw error;
      tell(context, present.stored, "already");
    }
  });
}

/**
 * @param all - what the service holds
 * @throws {CliError} `drift` where another certificate has the name
 */
export function planUpload(
  all: readonly CertificateResponse[],
  certificate: Certificate,
  { name, verified, replace }: Omit<UploadOptions, "ca">,
): UploadPlan {
  const isEnough = ({ properties }: CertificateResponse) =>
    !verified || properties.isVerified === true;
  const target = (name ?? certificateNameFor(certificate)).toLowerCase();
  const sameName = all.find((one) => one.name.toLowerCase() === target);
  if (sameName !== undefined && isUploadOf(certificate, sameName)) {
    // A second upload would undo a proof of possession.
    return isEnough(sameName)
      ? { is: "already", stored: sameName }
      : { is: "change", etag: sameName.etag };
  }
  const elsewhere = all.find((one) => isUploadOf(certificate, one) && isEnough(one));
  if (name === undefined && elsewhere !== undefined) return { is: "already", stored: elsewhere };
  if (sameName === undefined) return { is: "new" };
  if (replace) return { is: "change", etag: sameName.etag };
  throw new CliError(
    "drift",
    `the service has another certificate named ${sameName.name}: SHA-1 ${sameName.properties.thumbprint}, not ${certificate.sha1}`,
    { hint: "choose another name with --name, or put this one in its place with --replace" },
  );
}

function tell({ report }: Context, stored: CertificateResponse, mark: "done" | "already"): void {
  report.step(mark, "uploaded", `${stored.name}   ${stateOf(stored)}`);
  if (stored.properties.isVerified !== true) {
    report.note(`prove possession of it with: dps-certs certificate verify ${stored.name}`);
  }
  report.result(stored, "");
}
