import type { Emulator } from "@dps-certs/dps-emulator";
import * as v from "valibot";

/**
 * What a client needs to speak to an emulator: the JSON line of `emulator start`, and the content of
 * `emulator.json` in its state folder. Holds secrets.
 */
export const EmulatorAccess: v.GenericSchema<unknown, EmulatorAccess> = v.looseObject({
  url: v.string(),
  caFile: v.string(),
  connectionString: v.string(),
  idScope: v.string(),
  subscriptionId: v.string(),
  resourceGroup: v.string(),
  dpsName: v.string(),
  hostName: v.string(),
  deviceHost: v.string(),
  armToken: v.string(),
  managementUrl: v.string(),
  nonce: v.string(),
  pid: v.number(),
});

export type EmulatorAccess = Pick<
  Emulator,
  | "armToken"
  | "connectionString"
  | "deviceHost"
  | "dpsName"
  | "hostName"
  | "idScope"
  | "managementUrl"
  | "nonce"
  | "resourceGroup"
  | "subscriptionId"
  | "url"
> & { caFile: string; pid: number };

export const EMULATOR_FILE = "emulator.json";
