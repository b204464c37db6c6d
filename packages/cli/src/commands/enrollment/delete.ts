import type { CommandSpec } from "../../command.ts";
import { checkRegistrationId, REGISTRATION_ID } from "./options.ts";

export const deleteCommand: CommandSpec = {
  usage: "delete <id...>",
  summary: "Deletes enrollments: the devices cannot register by them any more.",
  examples: [
    ["dps-certs enrollment delete sensor-1", "asks first"],
    ["dps-certs enrollment delete sensor-1 sensor-2 --yes", "does not ask"],
  ],
  positionals: { id: { ...REGISTRATION_ID, array: true } },
  run: async (args, context) => {
    const ids = args.texts("id").map(checkRegistrationId);
    const { deleteEnrollments } = await import("../../flow/enrollment/records.ts");
    await deleteEnrollments(context, ids);
  },
};
