import type { OptionSpec } from "../../command.ts";

type Options = Readonly<Record<string, OptionSpec>>;

export const MAX_DAYS = 36_500;

/** Of commands that make or open the encrypted keys of devices. */
export const KEY_PASSWORD_OPTIONS: Options = {
  "key-password-file": { describe: "file whose first line is the password of the devices' keys" },
  "key-password-env": { describe: "environment variable that holds this password" },
};

/** Of commands that write PFX files. */
export const PFX_OPTIONS: Options = {
  pfx: { describe: "write a PFX too: key and whole chain, encrypted", type: "boolean" },
  legacy: { describe: "in the form that old Windows, macOS and Java open", type: "boolean" },
  "pfx-password-file": { describe: "file whose first line is the password of the PFX" },
  "pfx-password-env": { describe: "environment variable that holds this password" },
};

export const ISSUER_OPTION: OptionSpec = {
  describe:
    "name of the CA that signs, see: dps-certs ca show  [default: the lowest CA of the chain]",
};
