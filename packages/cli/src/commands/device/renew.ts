import type { Args } from "../../args.ts";
import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import type { Selection } from "../../flow/renewal-selection.ts";
import { PASSWORD_OPTIONS, passwordSource } from "../../passwords.ts";
import { durationOf } from "../check.ts";
import { KEY_PASSWORD_OPTIONS, MAX_DAYS, PFX_OPTIONS } from "./options.ts";

export const renewCommand: CommandSpec = {
  usage: "renew [id...]",
  summary: "Makes new certificates for devices, with the keys that they have.",
  examples: [
    ["dps-certs device renew sensor-1", "the old files go to pki/old-<time>/"],
    ["dps-certs device renew --expiring 7d", "those that end within seven days, or have ended"],
    ["dps-certs device renew sensor-1 --new-key --days 90", "with another key, for 90 days"],
  ],
  positionals: { id: { describe: "registration ids", array: true } },
  options: {
    all: { describe: "renew every device of the PKI folder", type: "boolean" },
    expiring: { describe: "renew those that end within this time: 30d, 12h, 2w" },
    "new-key": { describe: "make other keys", type: "boolean" },
    days: { describe: "lifetime", default: "30" },
    issuer: {
      describe: "name of the CA that signs  [default: the one that signed the old certificate]",
    },
    ...PFX_OPTIONS,
    ...KEY_PASSWORD_OPTIONS,
    ...PASSWORD_OPTIONS,
  },
  run: async (args, context) => {
    const selection = selectionOf(args);
    const days = args.integer("days", { min: 1, max: MAX_DAYS });
    const [{ renewNamedDevices }, { newSecrets }] = await Promise.all([
      import("../../flow/renew-command.ts"),
      import("../../flow/device-secrets.ts"),
    ]);
    return await renewNamedDevices(context, {
      selection,
      days,
      issuer: args.text("issuer"),
      newKey: args.flag("new-key"),
      openCa: passwordSource(args, context),
      openKey: passwordSource(args, context, "key-password"),
      secrets: () => newSecrets(args, context),
    });
  },
};

function selectionOf(args: Args): Selection {
  const ids = args.deviceIds("id");
  const expiring = args.text("expiring");
  const ways = [ids.length > 0, args.flag("all"), expiring !== undefined];
  if (ways.filter(Boolean).length !== 1) {
    throw usageError("name devices, or say --all, or --expiring with a time");
  }
  if (ids.length > 0) return { ids };
  return expiring === undefined ? {} : { withinMs: durationOf(expiring) };
}
