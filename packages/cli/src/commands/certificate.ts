import type { CommandGroup, CommandSpec } from "../command.ts";
import { fields, table } from "../output/table.ts";

const list: CommandSpec = {
  usage: "list",
  summary: "Lists the CA certificates that the service holds.",
  examples: [
    ["dps-certs certificate list", "names, verified or not, thumbprints"],
    ["dps-certs certificate list --json", "the service's own objects"],
  ],
  run: async (_args, context) => {
    const { withConnection } = await import("../target/connect.ts");
    await withConnection(context, { readOnly: true }, async ({ certificates }) => {
      const all = await certificates.list();
      const rows = all.map(({ name, properties: { subject, isVerified, expiry, thumbprint } }) => [
        name,
        isVerified ? "verified" : "unverified",
        subject ?? "",
        expiry ?? "",
        thumbprint ?? "",
      ]);
      context.report.result(all, table(["NAME", "STATE", "SUBJECT", "EXPIRES", "SHA-1"], rows));
    });
  },
};

const show: CommandSpec = {
  usage: "show <name>",
  summary: "Shows one CA certificate of the service.",
  examples: [
    ["dps-certs certificate show thermostats-root", "as text"],
    ["dps-certs certificate show thermostats-root --json", "the service's own object"],
  ],
  positionals: { name: { describe: "name of the certificate in the service" } },
  run: async (args, context) => {
    const name = args.positional("name");
    const { withConnection } = await import("../target/connect.ts");
    await withConnection(context, { readOnly: true }, async ({ certificates }) => {
      const certificate = await certificates.get(name);
      const { subject, isVerified, expiry, thumbprint, updated } = certificate.properties;
      const text = fields([
        ["name", certificate.name],
        ["state", isVerified ? "verified" : "unverified"],
        ["subject", subject ?? undefined],
        ["expires", expiry ?? undefined],
        ["SHA-1", thumbprint ?? undefined],
        ["updated", updated ?? undefined],
        ["etag", certificate.etag],
      ]);
      context.report.result(certificate, text);
    });
  },
};

export const certificateCommands: CommandGroup = {
  name: "certificate",
  summary: "CA certificates in the service.",
  commands: [list, show],
};
