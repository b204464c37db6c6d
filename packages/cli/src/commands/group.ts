import type { CommandGroup, CommandSpec } from "../command.ts";
import { fields, table } from "../output/table.ts";

const list: CommandSpec = {
  usage: "list",
  summary: "Lists the enrollment groups of the service.",
  examples: [
    ["dps-certs group list", "ids, state and signing certificates"],
    ["dps-certs group list --json", "the service's own objects"],
  ],
  run: async (_args, context) => {
    const { withConnection } = await import("../target/connect.ts");
    await withConnection(context, { readOnly: true }, async ({ enrollments }) => {
      const groups = [];
      for await (const group of enrollments.queryGroups()) groups.push(group);
      const rows = groups.map(({ enrollmentGroupId, provisioningStatus, attestation }) => [
        enrollmentGroupId,
        provisioningStatus ?? "enabled",
        attestation.type,
        attestation.x509?.signingCertificates?.primary?.info?.subjectName ?? "",
      ]);
      context.report.result(groups, table(["ID", "STATE", "ATTESTATION", "SIGNED BY"], rows));
    });
  },
};

const show: CommandSpec = {
  usage: "show <id>",
  summary: "Shows one enrollment group of the service.",
  examples: [
    ["dps-certs group show thermostats", "as text"],
    ["dps-certs group show thermostats --json", "the service's own object"],
  ],
  positionals: { id: { describe: "id of the enrollment group" } },
  run: async (args, context) => {
    const id = args.groupId("id");
    const { withConnection } = await import("../target/connect.ts");
    await withConnection(context, { readOnly: true }, async ({ enrollments }) => {
      const group = await enrollments.getGroup(id);
      const { primary, secondary } = group.attestation.x509?.signingCertificates ?? {};
      const text = fields([
        ["id", group.enrollmentGroupId],
        ["state", group.provisioningStatus ?? "enabled"],
        ["attestation", group.attestation.type],
        ["primary", primary?.info?.subjectName],
        ["  SHA-256", primary?.info?.sha256Thumbprint],
        ["  until", primary?.info?.notAfterUtc],
        ["secondary", secondary?.info?.subjectName],
        ["created", group.createdDateTimeUtc ?? undefined],
        ["updated", group.lastUpdatedDateTimeUtc ?? undefined],
      ]);
      context.report.result(group, text);
    });
  },
};

export const groupCommands: CommandGroup = {
  name: "group",
  aliases: ["enrollment-group"],
  summary: "Enrollment groups in the service.",
  commands: [list, show],
};
