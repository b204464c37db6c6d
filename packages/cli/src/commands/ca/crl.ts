import type { CommandSpec } from "../../command.ts";
import { PASSWORD_OPTIONS, passwordSource } from "../../passwords.ts";

export const crlCommand: CommandSpec = {
  usage: "crl",
  summary: "Makes the list of what each CA has revoked (CRL). DPS reads none; other servers may.",
  examples: [
    ["dps-certs ca crl", "of each CA whose key is here, into pki/crl"],
    ["dps-certs ca crl --ca intermediate --days 7", "of one CA; the next is due in a week"],
  ],
  options: {
    ca: {
      describe: "name of a CA, see: dps-certs ca show  [default: each CA whose key is here]",
    },
    days: { describe: "until the next list is due", default: "30" },
    ...PASSWORD_OPTIONS,
  },
  run: async (args, context) => {
    const options = {
      ca: args.text("ca"),
      days: args.integer("days", { min: 1, max: 36_500 }),
      password: passwordSource(args, context),
    };
    const { createCrls } = await import("../../flow/revocation-commands.ts");
    await createCrls(context, options);
  },
};
