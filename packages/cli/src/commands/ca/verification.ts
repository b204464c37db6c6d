import type { CommandSpec } from "../../command.ts";
import { PASSWORD_OPTIONS, requiredPassword } from "../../passwords.ts";

export const verificationCommand: CommandSpec = {
  usage: "verification <code>",
  summary: "Proves possession of a CA: signs the verification code that the service gave for it.",
  examples: [
    ["dps-certs ca verification 7D07A6A5C5B0EF5C", "signed by the root, printed as PEM"],
    ["dps-certs ca verification 7D07A6A5C5B0EF5C --ca intermediate", "for an intermediate"],
    ["dps-certs ca verification 7D07A6A5C5B0EF5C --out proof.pem", "into a file, to be uploaded"],
  ],
  positionals: { code: { describe: "verification code of the service" } },
  options: {
    ca: { describe: "name of the CA that was uploaded, see: dps-certs ca show", default: "root" },
    out: { describe: "file to write in place of printing it" },
    ...PASSWORD_OPTIONS,
    force: { describe: "overwrite the file", type: "boolean" },
  },
  run: async (args, context) => {
    const options = {
      code: args.positional("code"),
      ca: args.required("ca"),
      out: args.text("out"),
      force: args.flag("force"),
      password: requiredPassword(args, context),
    };
    const { signVerificationCode } = await import("../../flow/ca-verification.ts");
    await signVerificationCode(context, options);
  },
};
