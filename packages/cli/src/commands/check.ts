import { idProblem } from "@dps-certs/dps-protocol";
import { checkDeviceId, quote } from "../args.ts";
import type { CommandSpec } from "../command.ts";
import { usageError } from "../errors.ts";
import { passwordSource } from "../passwords.ts";

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * Reads `30d`, `12h` or `2w`.
 *
 * @returns milliseconds
 */
export function durationOf(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  const size = UNITS[unit];
  if (size !== undefined) return Number(count) * size;
  throw usageError(`--expiring takes a time like 30d, 12h or 2w, not ${quote(text)}`);
}

export const checkCommand: CommandSpec = {
  usage: "check [file...]",
  summary:
    "Says whether DPS would take a device's chain or a CA, and how to mend what it would not.",
  examples: [
    ["dps-certs check pki/certs/sensor-1-full-chain.cert.pem", "what a device sends, leaf first"],
    ["dps-certs check chain.pem device.key --ca root.pem", "with its key, against this CA"],
    ["dps-certs check chain.pem --group thermostats", "would this group of the service take it?"],
    ["dps-certs check --expiring 30d --quiet", "for cron: what of ./pki ends within 30 days"],
  ],
  positionals: {
    file: { describe: "PEM, DER or PFX: the chain, and its private key; - is stdin", array: true },
  },
  options: {
    ca: {
      describe:
        "file of the CA that the service holds, verified  [default: the root of the PKI folder]",
    },
    "registration-id": {
      describe: "id that the device registers with  [default: its common name]",
    },
    group: {
      describe: "ask the service: would this enrollment group take the device?",
    },
    individual: { describe: "as the certificate of an individual enrollment", type: "boolean" },
    strict: { describe: "hold it against all of RFC 5280 as well", type: "boolean" },
    expiring: { describe: "only list what ends within this time: 30d, 12h, 2w" },
    "password-file": { describe: "file whose first line is the password of keys and PFX files" },
    "password-env": { describe: "environment variable that holds this password" },
  },
  run: async (args, context) => {
    const files = args.texts("file");
    const expiring = args.text("expiring");
    const registrationId = args.text("registration-id");
    if (registrationId !== undefined) checkDeviceId(registrationId);
    if (expiring !== undefined) {
      const other = ["ca", "registration-id", "group", "individual", "strict"].find(
        (name) => args.flag(name) || args.text(name) !== undefined,
      );
      if (other !== undefined) throw usageError(`--expiring and --${other} exclude one another`);
      const within = durationOf(expiring);
      const { checkExpiring } = await import("../flow/expiring-command.ts");
      return await checkExpiring(context, files, within);
    }
    const group = args.text("group");
    const problem = group === undefined ? undefined : idProblem(group);
    if (problem)
      throw usageError(`--group: ${quote(group ?? "")} cannot be a group's id: ${problem}`);
    if (group !== undefined && args.flag("individual")) {
      throw usageError("--group and --individual exclude one another");
    }
    if (files.length === 0) throw usageError("name a file, or say --expiring");
    const { checkFiles } = await import("../flow/check/command.ts");
    return await checkFiles(context, {
      files,
      ca: args.text("ca"),
      registrationId,
      group,
      individual: args.flag("individual"),
      strict: args.flag("strict"),
      password: passwordSource(args, context),
      colour: context.io.isLive && process.stdout.isTTY === true && !context.io.env.NO_COLOR,
    });
  },
};
