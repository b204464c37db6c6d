import type { DeviceRegistrationState, RegistrationOperationStatus } from "@dps-certs/dps-protocol";
import { DpsClientError } from "./errors.ts";
import { hintFor } from "./hints.ts";
import { redact } from "./redact.ts";

const DISABLED_HINT =
  "The group or the device's own enrollment is disabled: see `dps-certs group show`.";

function refusal(
  what: string,
  state: DeviceRegistrationState,
  secrets: readonly string[],
): DpsClientError {
  const serviceMessage = state.errorMessage ? redact(state.errorMessage, secrets) : undefined;
  const errorCode = state.errorCode ?? undefined;
  const facts = errorCode === undefined ? "" : ` (error ${errorCode})`;
  return new DpsClientError(
    "registration-failed",
    `${what}: the service could not assign the device to an IoT hub${serviceMessage ? `: "${serviceMessage}"` : ""}${facts}`,
    {
      errorCode,
      serviceMessage,
      hint: hintFor({ plane: "device", status: 200, errorCode, serviceMessage }),
    },
  );
}

const PENDING: ReadonlySet<unknown> = new Set([undefined, "unassigned", "assigning"]);

/**
 * What the answer to a registration, or to a poll of it, means: the final state, or undefined while
 * the service is still assigning.
 *
 * @param secrets what was sent and must not come back in an error
 * @throws {DpsClientError} `registration-disabled`, `registration-failed`, or `protocol` for an
 *   "assigned" that does not say to what, or a status that no version of the service is known to have
 */
export function registrationOutcome(
  what: string,
  operation: RegistrationOperationStatus,
  secrets: readonly string[] = [],
): DeviceRegistrationState | undefined {
  const status = (operation.status ?? operation.registrationState?.status)?.toLowerCase();
  const state = operation.registrationState ?? {};
  if (status === "disabled") {
    throw new DpsClientError("registration-disabled", `${what}: the enrollment is disabled`, {
      hint: DISABLED_HINT,
    });
  }
  if (status === "failed") throw refusal(what, state, secrets);
  if (PENDING.has(status)) return undefined;
  if (status !== "assigned") {
    throw new DpsClientError("protocol", `${what}: the service answers an unknown status`);
  }
  if (!state.assignedHub || !state.deviceId) {
    throw new DpsClientError("protocol", `${what}: "assigned", but without hub and device`);
  }
  return state;
}
