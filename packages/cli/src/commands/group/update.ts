import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { readSettings, SETTING_OPTIONS } from "../../flow/service/enrollment-options.ts";
import { GROUP_ATTESTATION_OPTIONS } from "./options.ts";

export const updateCommand: CommandSpec = {
  usage: "update <id>",
  summary: "Changes of an enrollment group what is given, and nothing else.",
  examples: [
    ["dps-certs group update thermostats --disabled", "no device registers any more"],
    ["dps-certs group update thermostats --secondary-ca new-ca.pem", "trust a second CA as well"],
    ["dps-certs group update thermostats --ca new-ca.pem --remove-secondary", "and then it alone"],
  ],
  positionals: { id: { describe: "id of the enrollment group" } },
  options: {
    ...GROUP_ATTESTATION_OPTIONS,
    "remove-secondary": { describe: "trust the primary CA alone", type: "boolean" },
    ...SETTING_OPTIONS,
  },
  run: async (args, context) => {
    const id = args.groupId("id");
    const removeSecondary = args.flag("remove-secondary");
    const settings = await readSettings(args, context);
    const [{ readGroupAttestation }, { updateGroup }] = await Promise.all([
      import("../../flow/group/attestation.ts"),
      import("../../flow/group/update.ts"),
    ]);
    const attestation = await readGroupAttestation(args, context);
    const { given } = attestation;
    const isEmpty = Object.values(settings).every((value) => value === undefined);
    if (isEmpty && given === undefined && !removeSecondary) throw usageError("say what to change");
    if (removeSecondary && given !== undefined && given.kind === "symmetricKey") {
      throw usageError("--remove-secondary is about CAs: a group has two symmetric keys");
    }
    if (removeSecondary && given !== undefined && "secondary" in given && given.secondary) {
      throw usageError("--remove-secondary and a secondary CA exclude one another");
    }
    await updateGroup(context, { id, attestation, removeSecondary, settings });
  },
};
