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

export interface EmulatorAccess {
  url: string;
  caFile: string;
  connectionString: string;
  idScope: string;
  subscriptionId: string;
  resourceGroup: string;
  dpsName: string;
  hostName: string;
  deviceHost: string;
  armToken: string;
  managementUrl: string;
  /** Names the state that is served, not the process. */
  nonce: string;
  pid: number;
}

export const EMULATOR_FILE = "emulator.json";
