import type { ScriptCertificateKind } from "@dps-certs/ca-tools";
import type { CommandSpec } from "../../command.ts";
import { PASSWORD_OPTIONS, passwordSource } from "../../passwords.ts";
import { CERTGEN_OPTIONS, certgenOptions } from "./options.ts";

export interface CertificateCommand {
  /** As the script calls it. */
  name: string;
  kind: ScriptCertificateKind;
  summary: string;
  /** What the common name is. */
  argument: string;
  example: readonly [commonName: string, effect: string];
}

export function certificateCommand(command: CertificateCommand): CommandSpec {
  const { name, kind, summary, argument, example } = command;
  const [commonName, effect] = example;
  return {
    usage: `${name} <cn>`,
    summary,
    examples: [
      [`dps-certs certgen ${name} ${commonName}`, effect],
      [`dps-certs certgen ${name} -- -x`, "a name that begins with a dash"],
    ],
    positionals: { cn: { describe: argument } },
    options: {
      ...CERTGEN_OPTIONS,
      force: {
        describe: "supersede the name's certificate where index.txt allows but one",
        type: "boolean",
      },
      ...PASSWORD_OPTIONS,
    },
    run: async (args, context) => {
      const options = {
        ...certgenOptions(args),
        kind,
        commonName: args.positional("cn"),
        password: passwordSource(args, context),
      };
      const { createCertificate } = await import("../../flow/certgen-commands.ts");
      await createCertificate(context, options);
    },
  };
}
