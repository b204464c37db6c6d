import type { OptionSpec } from "../../command.ts";
import {
  CA_REFERENCE_OPTIONS,
  SYMMETRIC_KEY_OPTIONS,
} from "../../flow/service/enrollment-options.ts";

/** How the devices of a group show who they are. */
export const GROUP_ATTESTATION_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ca: { describe: "CA that signs the devices: of the PKI folder, or a file" },
  "secondary-ca": { describe: "a second one, for the time of a change" },
  ...CA_REFERENCE_OPTIONS,
  ...SYMMETRIC_KEY_OPTIONS,
};
