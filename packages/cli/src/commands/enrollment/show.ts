import type { CommandSpec } from "../../command.ts";
import { REGISTRATION_ID, registrationId } from "./options.ts";

export const showCommand: CommandSpec = {
  usage: "show <id>",
  summary: "Shows one device's enrollment, and what became of its registration.",
  examples: [
    ["dps-certs enrollment show sensor-1", "as text"],
    ["dps-certs enrollment show sensor-1 --json", "the service's own object"],
    ["dps-certs enrollment show sensor-1 --keys", "with its symmetric keys"],
  ],
  positionals: { id: REGISTRATION_ID },
  options: { keys: { describe: "show symmetric keys, which are secrets", type: "boolean" } },
  run: async (args, context) => {
    const id = registrationId(args);
    const { showEnrollment } = await import("../../flow/enrollment/records.ts");
    await showEnrollment(context, id, args.flag("keys"));
  },
};
