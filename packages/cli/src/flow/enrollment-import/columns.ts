/** What a file of enrollments may say of each device, and how it is read. */
import type { TwinCollection } from "@dps-certs/dps-protocol";
import { CliError } from "../../errors.ts";
import type {
  AllocationPolicy,
  EnrollmentSettings,
  GivenAttestation,
  Reprovision,
} from "../service/enrollment-members.ts";
import { ALLOCATION_POLICIES, REPROVISION_POLICIES } from "../service/enrollment-options.ts";
import { parseTwin } from "../service/initial-twin.ts";

/** Columns of CSV, and members of JSON. */
export const ATTESTATION_COLUMNS = [
  "certificate",
  "secondaryCertificate",
  "caReference",
  "secondaryCaReference",
  "primaryKey",
  "secondaryKey",
  "endorsementKey",
  "storageRootKey",
] as const;
export const IMPORT_COLUMNS: readonly string[] = [
  "registrationId",
  "deviceId",
  "attestation",
  ...ATTESTATION_COLUMNS,
  "provisioningStatus",
  "iotHubHostName",
  "allocationPolicy",
  "iotHubs",
  "webhookUrl",
  "webhookApiVersion",
  "reprovision",
  "edgeEnabled",
  "initialTwin",
  "optionalDeviceInformation",
  "etag",
];

/** What is wrong with a row; quotes no value, which may be a key. */
export class RowProblem extends Error {}

/** One row's values, read with types. */
export class Row {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** A member that is null is none. */
  value(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? (this.#values[name] ?? undefined) : undefined;
  }

  has = (name: string): boolean => this.value(name) !== undefined;

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === "string" && value.trim() !== "") return value.trim();
    throw new RowProblem(`${name} must be text`);
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    const choice = choices.find((one) => one.toLowerCase() === text?.toLowerCase());
    if (text === undefined || choice !== undefined) return choice;
    throw new RowProblem(`${name} must be one of ${choices.join(", ")}`);
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name);
    if (typeof value === "boolean") return value;
    const choice = this.oneOf(name, ["true", "false"]);
    return choice === undefined ? undefined : choice === "true";
  }

  /** Names with blanks or semicolons between them, or a list. */
  names(name: string): string[] | undefined {
    const value = this.value(name);
    if (!Array.isArray(value))
      return this.text(name)
        ?.split(/[\s;,]+/)
        .filter(Boolean);
    if (value.every((one) => typeof one === "string")) return value;
    throw new RowProblem(`${name} must be a list of texts`);
  }

  /** An object, or its JSON. */
  object(name: string): Record<string, unknown> | undefined {
    const value = this.value(name);
    const object = typeof value === "string" ? parsed(value) : value;
    if (object === undefined && value === undefined) return undefined;
    if (typeof object === "object" && object !== null && !Array.isArray(object)) {
      return object as Record<string, unknown>;
    }
    throw new RowProblem(`${name} must be a JSON object`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function settingsOf(row: Row): EnrollmentSettings {
  return {
    provisioningStatus: row.oneOf("provisioningStatus", ["enabled", "disabled"]),
    allocationPolicy: row.oneOf<AllocationPolicy>("allocationPolicy", ALLOCATION_POLICIES),
    iotHubs: row.names("iotHubs"),
    webhookUrl: row.text("webhookUrl"),
    webhookApiVersion: row.text("webhookApiVersion"),
    reprovision: row.oneOf<Reprovision>("reprovision", REPROVISION_POLICIES),
    edgeEnabled: row.flag("edgeEnabled"),
    initialTwin: twinOf(row),
  };
}

function twinOf(row: Row): Record<string, unknown> | undefined {
  const twin = row.object("initialTwin");
  if (twin === undefined) return undefined;
  try {
    return parseTwin(JSON.stringify(twin), "initialTwin");
  } catch (cause) {
    if (cause instanceof CliError) throw new RowProblem(cause.message, { cause });
    throw cause;
  }
}

/** Members that single enrollments have and groups do not. */
export function ownMembersOf(row: Row): {
  deviceId?: string;
  iotHubHostName?: string;
  optionalDeviceInformation?: TwinCollection;
} {
  const deviceId = row.text("deviceId");
  const iotHubHostName = row.text("iotHubHostName");
  const information = row.object("optionalDeviceInformation");
  return {
    ...(deviceId !== undefined && { deviceId }),
    ...(iotHubHostName !== undefined && { iotHubHostName }),
    ...(information !== undefined && { optionalDeviceInformation: information }),
  };
}

const KINDS = {
  certificate: "clientCertificates",
  secondaryCertificate: "clientCertificates",
  caReference: "caReferences",
  secondaryCaReference: "caReferences",
  primaryKey: "symmetricKey",
  secondaryKey: "symmetricKey",
  endorsementKey: "tpm",
  storageRootKey: "tpm",
} as const satisfies Record<(typeof ATTESTATION_COLUMNS)[number], GivenAttestation["kind"]>;

/** `attestation` itself need be given only for keys that the service is to draw. */
const TYPES = {
  x509: ["clientCertificates", "caReferences"],
  symmetricKey: ["symmetricKey"],
  tpm: ["tpm"],
} as const satisfies Record<string, readonly GivenAttestation["kind"][]>;

/**
 * How the device is to show who it is; undefined where the row says nothing of it.
 *
 * @param readCertificate - gives a certificate as PEM
 */
export async function attestationOf(
  row: Row,
  readCertificate: (given: string) => Promise<string>,
): Promise<GivenAttestation | undefined> {
  const type = row.oneOf("attestation", ["x509", "symmetricKey", "tpm"]);
  const kind = kindOf(row, type);
  const certificate = async (name: string) => {
    const given = row.text(name);
    return given === undefined ? undefined : await readCertificate(given);
  };
  if (kind === "clientCertificates") {
    const primary = await certificate("certificate");
    return { kind, primary, secondary: await certificate("secondaryCertificate") };
  }
  if (kind === "caReferences") {
    return { kind, primary: row.text("caReference"), secondary: row.text("secondaryCaReference") };
  }
  if (kind === "symmetricKey") {
    return { kind, primaryKey: row.text("primaryKey"), secondaryKey: row.text("secondaryKey") };
  }
  if (kind === undefined) return undefined;
  const endorsementKey = row.text("endorsementKey");
  if (endorsementKey === undefined) throw new RowProblem("a TPM needs its endorsementKey");
  return { kind, endorsementKey, storageRootKey: row.text("storageRootKey") };
}

type Kind = (typeof KINDS)[keyof typeof KINDS];

function kindOf(row: Row, type: keyof typeof TYPES | undefined): Kind | undefined {
  const given = ATTESTATION_COLUMNS.filter(row.has);
  const kinds = [...new Set(given.map((column) => KINDS[column]))];
  if (kinds.length > 1) throw new RowProblem(`${given.join(" and ")} exclude one another`);
  const [kind] = kinds;
  if (type === undefined) return kind;
  const fitting: readonly Kind[] = TYPES[type];
  if (kind !== undefined && !fitting.includes(kind)) {
    throw new RowProblem(`${given[0]} does not go with the attestation ${type}`);
  }
  if (kind !== undefined || type === "symmetricKey") return kind ?? "symmetricKey";
  throw new RowProblem(
    type === "tpm" ? "a TPM needs its endorsementKey" : "x509 needs a certificate or a caReference",
  );
}
