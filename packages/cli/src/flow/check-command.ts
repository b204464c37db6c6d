import {
  CaToolsError,
  type Certificate,
  certificatesIn,
  type Item,
  openPki,
  type PasswordSource,
  readCaCertificate,
} from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { shortPath } from "../output/text.ts";
import type { ServiceCas } from "./check-chain.ts";
import { type CheckFinding, type CheckMode, check, isAccepted, leafOf } from "./check-rules.ts";
import { CHECKS } from "./check-table.ts";
import { checkText } from "./check-text.ts";
import { readFiles } from "./read-input.ts";

export interface CheckOptions {
  files: readonly string[];
  /** File of what the service holds. @default the roots of the PKI folder, else the chain's own top */
  ca: string | undefined;
  registrationId: string | undefined;
  individual: boolean;
  strict: boolean;
  password: PasswordSource;
  colour: boolean;
  stdin?: AsyncIterable<Uint8Array>;
}

/** @returns 1 when the service would refuse it */
export async function checkFiles(context: Context, options: CheckOptions): Promise<number> {
  const { io, report } = context;
  const { files, password, stdin, registrationId, individual } = options;
  const items = await readFiles(io.cwd, files, { password }, stdin);
  const certificates = certificatesOf(items, files);
  const keys = flatItems(items).filter((item) => item.kind === "private-key");
  const mode = modeOf(certificates, options);
  const service = await serviceCas(context, options, mode, items);
  const input = {
    mode,
    certificates,
    keys: keys.flatMap(({ key }) => key ?? []),
    service,
    registrationId,
    policy: options.strict ? ("strict" as const) : ("dps" as const),
    now: io.now(),
  };
  const findings = [...inputFindings(items), ...caFindings(service, individual), ...check(input)];
  const accepted = isAccepted(findings);
  const leaf = mode === "ca" ? undefined : leafOf(input);
  report.result(
    { accepted, checkedAs: mode, findings },
    checkText({ accepted, mode, findings, leaf, certificates }, options.colour),
  );
  return accepted ? 0 : 1;
}

/** CAs alone are to be uploaded; everything else is a device's. */
function modeOf(
  certificates: readonly Certificate[],
  { individual, registrationId }: CheckOptions,
): CheckMode {
  if (individual) return "individual";
  const allCas = certificates.every(({ basicConstraints }) => basicConstraints?.ca === true);
  return allCas && registrationId === undefined ? "ca" : "device";
}

const flatItems = (items: readonly Item[]): Item[] =>
  items.flatMap((item) => (item.kind === "pfx" ? [item, ...(item.contents ?? [])] : [item]));

/** In their order, and as often as they are there. */
function certificatesOf(items: readonly Item[], files: readonly string[]): Certificate[] {
  const found = flatItems(items).flatMap((item) =>
    item.kind === "certificate" ? item.certificate : [],
  );
  if (found.length > 0) return found;
  const names = files.join(", ");
  const closed = items.find((item) => item.kind === "pfx" && item.contents === undefined);
  if (closed?.kind === "pfx" && closed.error === undefined) {
    throw new CaToolsError("password-required", `${names} is encrypted`, {
      hint: "give its password with --password-file or --password-env",
    });
  }
  const error = items.flatMap((item) => ("error" in item ? (item.error ?? []) : []))[0];
  throw new CliError(
    "not-found",
    error
      ? `there is no certificate to check: ${error.message}`
      : `there is no certificate in ${names}`,
    { hint: error?.hint ?? `see what is there with: dps-certs inspect ${names}` },
  );
}

/** What is damaged, and keys that could not be opened. */
function inputFindings(items: readonly Item[]): CheckFinding[] {
  return flatItems(items).flatMap((item): CheckFinding[] => {
    const file = item.file === undefined ? {} : { file: item.file };
    if (item.kind === "private-key" && item.key === undefined && item.error === undefined) {
      const message = `the private key in ${item.file} is encrypted, and was not looked at`;
      const { severity, mend } = CHECKS["key-not-checked"];
      return [{ code: "key-not-checked", severity, ...file, message, mend }];
    }
    const error = "error" in item ? item.error : undefined;
    if (error === undefined) return [];
    const { severity, mend } = CHECKS.unreadable;
    return [
      { code: "unreadable", severity, ...file, message: error.message, mend: error.hint ?? mend },
    ];
  });
}

/** What is named as a CA and is none issues nothing, whatever the chain looks like. */
function caFindings({ anchors, fileOf }: ServiceCas, individual: boolean): CheckFinding[] {
  if (individual) return [];
  return anchors
    .filter(({ basicConstraints }) => basicConstraints?.ca === false)
    .map((anchor) => {
      const { subject } = anchor;
      const file = fileOf?.(anchor);
      const { severity, mend } = CHECKS["not-a-ca"];
      return {
        code: "not-a-ca",
        severity,
        ...(file !== undefined && { file }),
        subject,
        message: `${subject}, which the service is said to hold, is no CA (CA:FALSE)`,
        mend,
      };
    });
}

async function serviceCas(
  context: Context,
  { ca, password }: CheckOptions,
  mode: CheckMode,
  items: readonly Item[],
): Promise<ServiceCas> {
  const origins = new Map<string, string>();
  const remember = (some: readonly Item[]) => {
    for (const item of flatItems(some)) {
      if (item.kind !== "certificate" || item.file === undefined) continue;
      const { sha256 } = item.certificate;
      origins.set(sha256, origins.get(sha256) ?? item.file);
    }
  };
  remember(items);
  const fileOf = ({ sha256 }: Certificate) => origins.get(sha256);
  if (ca !== undefined) {
    const held = await readFiles(context.io.cwd, [ca], { password });
    remember(held);
    const anchors = certificatesIn(held);
    if (anchors.length > 0) return { anchors, isAssumed: false, fileOf };
    throw new CliError("not-found", `there is no certificate in ${ca}`, {
      hint: "--ca names a file with certificates of CAs",
    });
  }
  const folder = mode === "device" ? await folderCas(context) : undefined;
  return folder ? { ...folder, fileOf } : { anchors: [], isAssumed: true, fileOf };
}

/** As `enroll` does it: the root is uploaded and verified, the groups are of the intermediates. */
async function folderCas({ pki, io }: Context): Promise<ServiceCas | undefined> {
  const registry = await openPki(pki).catch((error: unknown) => {
    // The folder is looked at only because nothing else was named.
    if (error instanceof CaToolsError && error.code === "not-a-pki-folder") return undefined;
    throw error;
  });
  if (registry === undefined || registry.cas.length === 0) return undefined;
  const read = await Promise.all(
    registry.cas.map(async (record) => ({
      record,
      certificate: await readCaCertificate(pki, record),
    })),
  );
  return {
    anchors: read.filter(({ record }) => record.issuer === null).map((one) => one.certificate),
    groups: read.filter(({ record }) => record.group !== null).map((one) => one.certificate),
    isAssumed: false,
    assumption: `it is assumed that the service holds the root CA of ${shortPath(io.cwd, pki)}, verified`,
  };
}
