import type { CommandSpec } from "../../command.ts";

export const showCommand: CommandSpec = {
  usage: "show <name>",
  summary: "Shows one CA certificate of the service.",
  examples: [
    ["dps-certs certificate show thermostats-root", "as text"],
    ["dps-certs certificate show thermostats-root --json", "the service's own object"],
  ],
  positionals: { name: { describe: "name of the certificate in the service" } },
  run: async (args, context) => {
    const name = args.positional("name");
    const [{ withConnection }, { certificateText }] = await Promise.all([
      import("../../target/connect.ts"),
      import("../../flow/certificate/text.ts"),
    ]);
    await withConnection(context, { readOnly: true }, async ({ certificates }) => {
      const certificate = await certificates.get(name);
      context.report.result(certificate, certificateText(certificate));
    });
  },
};
