/** Registering many devices, each over HTTPS with its own TLS client certificate. */
import { setTimeout as delay } from "node:timers/promises";
import { type ClientCertificate, type Runtime, tokenBucket } from "@dps-certs/dps-client";
import type { DeviceRegistrationState } from "@dps-certs/dps-protocol";
import pLimit from "p-limit";
import { CliError } from "../../errors.ts";
import type { Connection } from "../../target/connection.ts";
import { createSlots, type Slots } from "./slots.ts";

/**
 * Devices under way at once: each has a connection, and spends most of its time waiting for as long as
 * the service says before it asks what became of it.
 */
const UNDER_WAY = 500;
/** Devices that are at work at once: that read their files, connect, send. */
const AT_WORK = 16;
/** Devices that an error names. */
const NAMED = 5;

export interface RegistrationOutcome {
  id: string;
  /** The service's answer. */
  state?: DeviceRegistrationState;
  /** Why the device did not register. */
  error?: Error & { hint?: string };
  /** Why it was not tried at all. */
  leftOut?: string;
}

/** What a device registers with, or why it is left out. */
export type Loaded = ClientCertificate | { leftOut: string };

export interface RegisterDevicesOptions {
  connection: Pick<Connection, "deviceClient" | "registrationRate">;
  load: (id: string) => Promise<Loaded>;
  /** Called as each device ends, in any order. */
  onOutcome?: (outcome: RegistrationOutcome) => void;
}

/**
 * Registers each device; one's failure stops no other.
 *
 * @returns the outcomes in the order of the ids
 */
export async function registerDevices(
  ids: readonly string[],
  { connection, load, onOutcome = () => undefined }: RegisterDevicesOptions,
): Promise<RegistrationOutcome[]> {
  const limit = pLimit(UNDER_WAY);
  const slots = createSlots(AT_WORK);
  const takeTurn = connection.registrationRate && tokenBucket(connection.registrationRate);
  const registerOne = async (id: string): Promise<RegistrationOutcome> => {
    if (takeTurn) await delay(takeTurn(Date.now()));
    await slots.take();
    try {
      const loaded = await load(id);
      if ("leftOut" in loaded) return { id, leftOut: loaded.leftOut };
      return { id, state: await register(connection, id, loaded, slots) };
    } catch (error) {
      return { id, error: error as Error };
    } finally {
      slots.free();
    }
  };
  return await Promise.all(
    ids.map((id) =>
      limit(async () => {
        const outcome = await registerOne(id);
        onOutcome(outcome);
        return outcome;
      }),
    ),
  );
}

async function register(
  connection: Pick<Connection, "deviceClient">,
  id: string,
  device: ClientCertificate,
  slots: Slots,
): Promise<DeviceRegistrationState> {
  const client = connection.deviceClient(device, { sleep: sleepOutside(slots) });
  try {
    return await client.register(id);
  } finally {
    await client.close();
  }
}

/** A device that waits for its next poll lets another work. */
function sleepOutside(slots: Slots): Runtime["sleep"] {
  return async (ms, signal) => {
    slots.free();
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } finally {
      // Before those that have not begun: the service closes a connection that nothing is sent on.
      await slots.takeBack();
    }
  };
}

/** @throws the error of the one device, or one that names the devices that did not register */
export function throwFailed(outcomes: readonly RegistrationOutcome[]): void {
  const failed = outcomes.filter(({ error }) => error !== undefined);
  const first = failed[0]?.error;
  if (first === undefined) return;
  if (outcomes.length === 1) throw first;
  const names = failed.slice(0, NAMED).map(({ id }) => id);
  const more = failed.length > NAMED ? ` and ${failed.length - NAMED} more` : "";
  throw new CliError(
    "registration",
    `${failed.length} of ${outcomes.length} devices did not register (${names.join(", ")}${more}): ${first.message}`,
    { cause: first, hint: first.hint },
  );
}
