import {
  CaToolsError,
  type Certificate,
  type Item,
  type PasswordSource,
} from "@dps-certs/ca-tools";
import type { Context } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { readFiles } from "../read-input.ts";
import { caFindings, flatItems, serviceCas } from "./cas.ts";
import type { ServiceCas } from "./chain.ts";
import { leafOf } from "./leaf.ts";
import { type CheckFinding, type CheckMode, check, isAccepted, toFindings } from "./rules.ts";
import { askService, decidingView, type ServiceAnswer, serviceRules } from "./service.ts";
import { CHECKS } from "./table.ts";
import { checkText } from "./text.ts";

export interface CheckOptions {
  files: readonly string[];
  /** File of what the service holds. @default the roots of the PKI folder, else the chain's own top */
  ca: string | undefined;
  registrationId: string | undefined;
  /** Enrollment group that the service is asked about; undefined asks no service. */
  group?: string | undefined;
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
  const parts = { certificates, keys: keys.flatMap(({ key }) => key ?? []) };
  const leaf = mode === "ca" ? undefined : leafOf(parts);
  const asks = options.group !== undefined;
  const service = await serviceCas(context, { ...options, mode, asks }, items);
  const asked = await askedService(context, options, leaf, service);
  const view = asked && decidingView(asked);
  const input = {
    ...parts,
    mode: asked && view === undefined ? ("individual" as const) : mode,
    service: asked ? { ...service, assumption: undefined, view: view ?? asked.view } : service,
    registrationId,
    policy: options.strict ? ("strict" as const) : ("dps" as const),
    now: io.now(),
  };
  const ofService = asked ? serviceRules(asked, leaf) : [];
  const ofCas = asks ? [] : caFindings(service, individual);
  const findings = [
    ...inputFindings(items),
    ...toFindings(ofService, service),
    ...ofCas,
    ...check(input),
  ];
  const accepted = isAccepted(findings);
  const { group } = options;
  const individually = asked?.individual !== undefined;
  const about = { mode: input.mode, group, individually };
  report.result(
    { accepted, checkedAs: input.mode, ...(group !== undefined && { group }), findings },
    checkText({ accepted, ...about, findings, leaf, certificates }, options.colour),
  );
  return accepted ? 0 : 1;
}

/** What the service says where it is to be asked. */
async function askedService(
  context: Context,
  { group, registrationId }: CheckOptions,
  leaf: Certificate | undefined,
  { anchors: known }: ServiceCas,
): Promise<ServiceAnswer | undefined> {
  if (group === undefined) return undefined;
  const { withConnection } = await import("../../target/connect.ts");
  const question = { groupId: group, registrationId: registrationId ?? leaf?.commonName, known };
  return await withConnection(
    context,
    { readOnly: true },
    async (connection) => await askService(connection, question),
  );
}

/** CAs alone are to be uploaded; everything else is a device's. */
function modeOf(
  certificates: readonly Certificate[],
  { individual, registrationId, group }: CheckOptions,
): CheckMode {
  if (individual) return "individual";
  if (group !== undefined) return "device";
  const allCas = certificates.every(({ basicConstraints }) => basicConstraints?.ca === true);
  return allCas && registrationId === undefined ? "ca" : "device";
}

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
