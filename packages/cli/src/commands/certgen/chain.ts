import type { CommandSpec } from "../../command.ts";
import { CERTGEN_OPTIONS, certgenOptions } from "./options.ts";

const NAME = "create_root_and_intermediate";

export const chainCommand: CommandSpec = {
  usage: NAME,
  summary: "Makes a root CA and an intermediate CA below it, in the current folder.",
  examples: [
    [`dps-certs certgen ${NAME}`, "RSA-4096, 30 days, key password 1234"],
    [`dps-certs certgen ${NAME} --algorithm ec-p256 --days 365`, "what the script cannot do"],
    [`dps-certs certgen ${NAME} --force`, "begin anew; what was there goes to old-<time>/"],
  ],
  options: {
    ...CERTGEN_OPTIONS,
    force: { describe: "replace the chain and all that it signed", type: "boolean" },
  },
  run: async (args, context) => {
    const options = certgenOptions(args);
    const { createChain } = await import("../../flow/certgen-commands.ts");
    await createChain(context, options);
  },
};
