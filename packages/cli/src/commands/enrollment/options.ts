import { idProblem } from "@dps-certs/dps-protocol";
import { type Args, quote } from "../../args.ts";
import type { OptionSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import {
  CA_REFERENCE_OPTIONS,
  SETTING_OPTIONS,
  SYMMETRIC_KEY_OPTIONS,
} from "../../flow/service/enrollment-options.ts";

type Options = Readonly<Record<string, OptionSpec>>;

/** How the device shows who it is. */
export const ATTESTATION_OPTIONS: Options = {
  certificate: { describe: "file with the device's certificate" },
  "secondary-certificate": { describe: "file with a second one, for a change of certificates" },
  device: { describe: "a device of the PKI folder, whose certificate is taken" },
  ...CA_REFERENCE_OPTIONS,
  ...SYMMETRIC_KEY_OPTIONS,
  "endorsement-key-file": { describe: "file with the endorsement key of a TPM, in base64" },
  "storage-root-key-file": { describe: "file with its storage root key" },
};

export const ENROLLMENT_OPTIONS: Options = {
  "device-id": { describe: "id of the device in its IoT hub  [default: the registration id]" },
  ...ATTESTATION_OPTIONS,
  ...SETTING_OPTIONS,
};

export const REGISTRATION_ID = { describe: "registration id of the device" };

/** @throws {CliError} `usage` */
export function registrationId(args: Args, name = "id"): string {
  return checkRegistrationId(args.positional(name));
}

/** @throws {CliError} `usage` */
export function checkRegistrationId(id: string): string {
  const problem = idProblem(id);
  if (problem === undefined) return id;
  throw usageError(`${quote(id)} cannot be a registration id: ${problem}`);
}
