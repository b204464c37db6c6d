import type { CommandSpec } from "../../command.ts";

export const listCommand: CommandSpec = {
  usage: "list",
  summary: "Lists the CA certificates that the service holds.",
  examples: [
    ["dps-certs certificate list", "names, verified or not, thumbprints"],
    ["dps-certs certificate list --json", "the service's own objects"],
  ],
  run: async (_args, context) => {
    const [{ withConnection }, { certificateTable }] = await Promise.all([
      import("../../target/connect.ts"),
      import("../../flow/certificate/text.ts"),
    ]);
    await withConnection(context, { readOnly: true }, async ({ certificates }) => {
      const all = await certificates.list();
      context.report.result(all, certificateTable(all));
    });
  },
};
