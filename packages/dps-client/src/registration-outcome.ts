import type {
  DeviceRegistrationState,
  RegistrationOperationStatus,
  RegistrationStatus,
} from "@dps-certs/dps-protocol";
import { DpsClientError } from "./errors.ts";
import { hintFor } from "./hints.ts";
import { redact } from "./redact.ts";

const DISABLED_HINT =
  "The group or the device's own enrollment is disabled: see `dps-certs group show`.";

function refusal(what: string, state: DeviceRegistrationState): DpsClientError {
  const serviceMessage = state.errorMessage ? redact(state.errorMessage) : undefined;
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

function statusOf(operation: RegistrationOperationStatus): RegistrationStatus | undefined {
  return operation.status ?? operation.registrationState?.status ?? undefined;
}

/**
 * What the answer to a registration, or to a poll of it, means: the final state, or undefined while
 * the service is still assigning.
 *
 * @throws {DpsClientError} `registration-disabled`, `registration-failed`, or `protocol` for an
 *   "assigned" that does not say to what
 */
export function registrationOutcome(
  what: string,
  operation: RegistrationOperationStatus,
): DeviceRegistrationState | undefined {
  const status = statusOf(operation);
  const state = operation.registrationState ?? {};
  if (status === "disabled") {
    throw new DpsClientError("registration-disabled", `${what}: the enrollment is disabled`, {
      hint: DISABLED_HINT,
    });
  }
  if (status === "failed") throw refusal(what, state);
  if (status !== "assigned") return undefined;
  if (!state.assignedHub || !state.deviceId) {
    throw new DpsClientError("protocol", `${what}: "assigned", but without hub and device`);
  }
  return state;
}
