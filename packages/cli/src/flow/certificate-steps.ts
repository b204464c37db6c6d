import { type Certificate, createVerificationCertificate, type KnownCa } from "@dps-certs/ca-tools";
import type { CertificateResponse } from "@dps-certs/dps-protocol";
import { CliError } from "../errors.ts";
import { loadGroupCa, loadRoot, openCa } from "./ca-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { expectedCa, type Which } from "./expected-ca.ts";
import {
  certificateNameFor,
  intermediateCommonName,
  isUploadOf,
  nameOf,
  rootCommonName,
  subjectFor,
} from "./names.ts";
import type { Step, StepState } from "./step.ts";

/** The CAs that are to be verified, in the order in which they are. */
export function caSteps(input: EnrollInput): Step[] {
  const { verifyCa = "root" } = input;
  const which: Which[] = verifyCa === "both" ? ["root", "intermediate"] : [verifyCa];
  return which.flatMap((one) => [uploadStep(input, one), possessionStep(input, one)]);
}

const load = (input: EnrollInput, which: Which): Promise<KnownCa | undefined> =>
  which === "root" ? loadRoot(input) : loadGroupCa(input);

async function loadMade(input: EnrollInput, which: Which): Promise<KnownCa> {
  const ca = await load(input, which);
  if (ca === undefined) throw new CliError("not-found", `the ${which} CA is not there any more`);
  return ca;
}

interface Found {
  uploaded?: CertificateResponse;
  sameName?: CertificateResponse;
}

/** What the service holds of a CA: under any name, the verified one first. */
async function findUploaded({ connection }: EnrollInput, certificate: Certificate): Promise<Found> {
  return foundIn(await connection.certificates.list(), certificate);
}

function foundIn(all: readonly CertificateResponse[], certificate: Certificate): Found {
  const ours = all.filter((one) => isUploadOf(certificate, one));
  const uploaded = ours.find(({ properties }) => properties.isVerified) ?? ours[0];
  const sameName = named(all, certificateNameFor(certificate));
  return { ...(uploaded && { uploaded }), ...(sameName && { sameName }) };
}

const named = (all: readonly CertificateResponse[], name: string) =>
  all.find((one) => one.name.toLowerCase() === name.toLowerCase());

function uploadStep(input: EnrollInput, which: Which): Step {
  return {
    id: `upload-${which}`,
    title: which === "root" ? "uploaded" : "uploaded intermediate",
    inspect: async () => await uploadState(input, which),
    run: async () => {
      const { certificate } = await loadMade(input, which);
      const { uploaded, sameName } = await findUploaded(input, certificate);
      // Another process was faster; a second upload could undo its proof of possession.
      if (uploaded !== undefined) return;
      await input.connection.certificates.upload(certificateNameFor(certificate), certificate.pem, {
        // Without it the service refuses a name that somebody took since we looked.
        ifMatch: input.replace ? sameName?.etag : undefined,
      });
    },
  };
}

async function uploadState(input: EnrollInput, which: Which): Promise<StepState> {
  // Before the folder is looked at: what another process uploads, it has put into the folder before.
  const all = await input.connection.certificates.list();
  const certificate = await expectedCa(input, which);
  if (certificate === undefined) return newUploadState(input, which, all);
  const { uploaded, sameName } = foundIn(all, certificate);
  if (uploaded !== undefined) return { done: true, detail: uploaded.name };
  const plan = `upload ${certificate.subject} as ${certificateNameFor(certificate)}`;
  if (sameName === undefined) return { done: false, plan };
  if (input.replace) return { done: false, plan: `${plan}, replacing what has the name` };
  throw new CliError(
    "drift",
    `the service has another certificate named ${sameName.name}: SHA-1 ${sameName.properties.thumbprint}, not ${certificate.sha1}`,
    { hint: "put ours in its place with --replace" },
  );
}

/** Of a CA that is to be made. */
function newUploadState(
  { group, pki, replace, showPath = (path) => path }: EnrollInput,
  which: Which,
  all: readonly CertificateResponse[],
): StepState {
  const subject = subjectFor(group);
  const name = which === "root" ? rootCommonName(subject) : intermediateCommonName(subject);
  const sameName = named(all, nameOf(name));
  if (sameName === undefined || replace) return { done: false, plan: `upload CN=${name}` };
  throw new CliError(
    "drift",
    `the service has a certificate named ${sameName.name} already, SHA-1 ${sameName.properties.thumbprint}, which is of no CA in ${showPath(pki)}`,
    {
      hint: "name the folder that has its CA with --pki, or put a new one in its place with --replace",
    },
  );
}

function possessionStep(input: EnrollInput, which: Which): Step {
  let code: string | undefined;
  return {
    id: `prove-${which}`,
    title: "proof of possession",
    inspect: async () => {
      const ca = await expectedCa(input, which);
      const uploaded = ca && (await findUploaded(input, ca)).uploaded;
      if (uploaded?.properties.isVerified !== true) {
        return { done: false, plan: "ask for a verification code and sign it with the CA's key" };
      }
      const how = code === undefined ? "verified" : `code ${code.slice(0, 8)}… signed and accepted`;
      return { done: true, detail: how };
    },
    run: async () => {
      const { record, certificate } = await loadMade(input, which);
      const ca = await openCa(input, record);
      const { uploaded } = await findUploaded(input, certificate);
      const name = uploaded?.name ?? certificateNameFor(certificate);
      await input.connection.certificates.provePossession(name, async (current) => {
        code = current;
        const request = { ca, code: current, now: input.now() };
        return (await createVerificationCertificate(input.pki, request)).pem;
      });
    },
  };
}
