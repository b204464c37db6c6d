import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import {
  checkNewSettings,
  readSettings,
  SETTING_OPTIONS,
} from "../../flow/service/enrollment-options.ts";
import { GROUP_ATTESTATION_OPTIONS } from "./options.ts";

export const createCommand: CommandSpec = {
  usage: "create <id>",
  summary:
    "Creates an enrollment group: devices below a CA, or with keys derived from the group's.",
  examples: [
    ["dps-certs group create thermostats --ca intermediate", "devices signed by this CA of ./pki"],
    ["dps-certs group create boilers --ca ca.pem --disabled", "by a CA in a file; not yet"],
    ["dps-certs group create pumps --ca-reference factory-ca", "by a certificate of the service"],
    ["dps-certs group create meters --symmetric-key", "with keys that the service draws"],
  ],
  positionals: { id: { describe: "id of the enrollment group" } },
  options: { ...GROUP_ATTESTATION_OPTIONS, ...SETTING_OPTIONS },
  run: async (args, context) => {
    const id = args.groupId("id");
    const settings = await readSettings(args, context);
    checkNewSettings(settings);
    const [{ readGroupAttestation }, { createGroup }] = await Promise.all([
      import("../../flow/group/attestation.ts"),
      import("../../flow/group/create.ts"),
    ]);
    const { given, cas } = await readGroupAttestation(args, context);
    if (given === undefined) {
      throw usageError(
        "say how the devices show who they are",
        "with --ca, --ca-reference or --symmetric-key",
      );
    }
    if (given.kind !== "symmetricKey" && given.primary === undefined) {
      const option = given.kind === "caReferences" ? "ca-reference" : "ca";
      throw usageError(`--secondary-${option} needs --${option}`);
    }
    await createGroup(context, { id, attestation: { given, cas }, settings });
  },
};
