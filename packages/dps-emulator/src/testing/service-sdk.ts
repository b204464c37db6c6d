import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  AttestationMechanism,
  BulkOperationResult,
  DeviceRegistrationState,
  DeviceRegistrationStateList,
  EnrollmentGroup,
  EnrollmentGroupList,
  formatConnectionString,
  IndividualEnrollment,
  IndividualEnrollmentList,
  parseConnectionString,
  parseWire,
  ServiceErrorBody,
} from "@dps-certs/dps-protocol";
import type { GenericSchema } from "valibot";
import type { Emulator } from "../start.ts";
import type { Json } from "./world.ts";

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const OTHER_KEY = Buffer.alloc(32, 9).toString("base64");

/** What the SDK hands to the program, operation by operation; those that delete hand over nothing. */
const ANSWERS: Readonly<Record<string, GenericSchema>> = {
  createOrUpdateIndividualEnrollment: IndividualEnrollment,
  getIndividualEnrollment: IndividualEnrollment,
  getIndividualEnrollmentAttestationMechanism: AttestationMechanism,
  createIndividualEnrollmentQuery: IndividualEnrollmentList,
  runBulkEnrollmentOperation: BulkOperationResult,
  createOrUpdateEnrollmentGroup: EnrollmentGroup,
  getEnrollmentGroup: EnrollmentGroup,
  getEnrollmentGroupAttestationMechanism: AttestationMechanism,
  createEnrollmentGroupQuery: EnrollmentGroupList,
  createEnrollmentGroupDeviceRegistrationStateQuery: DeviceRegistrationStateList,
  getDeviceRegistrationState: DeviceRegistrationState,
};

/** Who the SDK speaks for: a policy, a bearer token, or a policy whose key is another one. */
export type Caller = "policy" | "token" | "stranger";

export interface SdkRequest {
  operation: string;
  args: readonly unknown[];
  /** @default "policy" */
  as?: Caller;
  /** Where a query goes on. @default its beginning */
  continuationToken?: string | undefined;
}

export interface SdkAnswer {
  /** What the SDK handed over; of a query its pages. */
  result?: Json;
  error?: Json;
}

/** A page of a query. */
export interface SdkPage {
  items: Json[];
  next?: string;
  itemType: string;
}

export interface ServiceSdk {
  /** An operation that succeeds: what it answers has the shape that is documented. */
  call(operation: string, ...args: unknown[]): Promise<Json>;
  /** An operation that is refused: the SDK's kind of error, and what the service said. */
  refused(operation: string, ...args: unknown[]): Promise<Json>;
  /** All pages of a query from `continuationToken` on. */
  pages(operation: string, args: unknown[], continuationToken?: string): Promise<SdkPage[]>;
  /** The same for another caller, or one that was refused. */
  ask(request: SdkRequest): Promise<SdkAnswer>;
  close(): void;
}

/** Starts Microsoft's service SDK in a process that trusts the emulator's CA. */
export function startServiceSdk(emulator: Emulator): ServiceSdk {
  const child = fork(fileOf("service-sdk.mjs"), {
    execArgv: ["--import", fileOf("port-443.mjs")],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      PATH: process.env.PATH,
      NODE_EXTRA_CA_CERTS: emulator.caFile,
      EMULATOR_PORT: `${emulator.port}`,
      SDK_SETTINGS: JSON.stringify(settingsOf(emulator)),
    },
  });
  let complaints = "";
  let count = 0;
  const waiting = new Map<number, (answer: SdkAnswer) => void>();
  const settle = (id: number, answer: SdkAnswer) => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
  };
  child.stderr?.on("data", (chunk) => {
    complaints += String(chunk);
  });
  child.on("message", ({ id, ...answer }: SdkAnswer & { id: number }) => settle(id, answer));
  child.once("close", () => {
    for (const id of waiting.keys()) settle(id, { error: { name: "ended", message: complaints } });
  });
  const ask = (request: SdkRequest) =>
    new Promise<SdkAnswer>((resolve) => {
      count += 1;
      waiting.set(count, resolve);
      child.send({ as: "policy", ...request, id: count });
    });
  return {
    ask,
    call: async (operation, ...args) => resultOf(operation, await ask({ operation, args })),
    refused: async (operation, ...args) => refusalOf(await ask({ operation, args })),
    pages: async (operation, args, continuationToken) => {
      const { result, error } = await ask({ operation, args, continuationToken });
      if (error !== undefined) throw new Error(JSON.stringify(error));
      for (const { items } of result) resultOf(operation, { result: items });
      return result;
    },
    close: () => child.disconnect(),
  };
}

function settingsOf({ connectionString, tokenUrl, clientId, clientSecret }: Emulator): object {
  const policy = { ...parseConnectionString(connectionString), hostName: "localhost" };
  return {
    connectionString: formatConnectionString(policy),
    otherConnectionString: formatConnectionString({ ...policy, sharedAccessKey: OTHER_KEY }),
    ...{ tokenUrl, clientId, clientSecret },
  };
}

function resultOf(operation: string, { result, error }: SdkAnswer): Json {
  if (error !== undefined) throw new Error(`${operation}: ${JSON.stringify(error)}`);
  const schema = ANSWERS[operation];
  return schema === undefined ? result : parseWire(schema, result, operation);
}

/** What a program sees of an error, and the code that the service gave. */
export function refusalOf({ error }: SdkAnswer): Json {
  const { name, message, status, responseBody = "null" } = error ?? {};
  const { errorCode } = parseWire(ServiceErrorBody, JSON.parse(responseBody), "an error");
  return { name, message, status, errorCode };
}
