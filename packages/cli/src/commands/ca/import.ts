import type { Args } from "../../args.ts";
import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import {
  CA_PASSWORD_OPTIONS,
  ENCRYPT_OPTION,
  newKeyPassword,
  PASSWORD_OPTIONS,
  requiredPassword,
} from "../../passwords.ts";

export const importCommand: CommandSpec = {
  usage: "import",
  summary: "Makes a CA of your own the top of the PKI folder.",
  examples: [
    ["dps-certs ca import --ca issuing.pem --ca-key issuing.key", "PEM or DER"],
    ["dps-certs ca import --pfx issuing.pfx", "certificate and key from a PFX"],
    [
      "dps-certs ca import --ca issuing.pem --ca-key issuing.key --ca-password-file secret.txt",
      "an encrypted key, which stays encrypted under this password",
    ],
  ],
  options: {
    ca: { describe: "certificate of the CA; those above it, and its key, may be in the same file" },
    "ca-key": { describe: "private key of the CA" },
    pfx: { describe: "PFX (PKCS #12) file with certificate and key" },
    ...CA_PASSWORD_OPTIONS,
    ...PASSWORD_OPTIONS,
    encrypt: ENCRYPT_OPTION,
    force: { describe: "replace the chain that is there", type: "boolean" },
  },
  run: async (args, context) => {
    const files = filesOf(args);
    const options = {
      ...files,
      unlock: requiredPassword(args, context, "ca-password"),
      password: await newKeyPassword(args, context),
      force: args.flag("force"),
    };
    const { importOwnCa } = await import("../../flow/ca-import.ts");
    await importOwnCa(context, options);
  },
};

function filesOf(args: Args): { ca: string; key: string | undefined } {
  const [ca, key, pfx] = [args.text("ca"), args.text("ca-key"), args.text("pfx")];
  if (pfx !== undefined && (ca !== undefined || key !== undefined)) {
    throw usageError("--pfx holds certificate and key: leave out --ca and --ca-key");
  }
  const file = ca ?? pfx;
  if (file !== undefined) return { ca: file, key };
  throw usageError("name the CA with --ca and --ca-key, or with --pfx");
}
