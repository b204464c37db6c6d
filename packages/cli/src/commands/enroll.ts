import type { CommandSpec } from "../command.ts";
import { usageError } from "../errors.ts";
import type { VerifyCa } from "../flow/enroll-options.ts";
import { explainInterrupt } from "../io.ts";
import { shortPath } from "../output/text.ts";
import { CA_PASSWORD_OPTIONS, PASSWORD_OPTIONS } from "../passwords.ts";
import type { Need } from "../target/connect.ts";

export const enrollCommand: CommandSpec = {
  usage: "enroll <group>",
  summary:
    "Makes a CA chain, proves possession of it to the service, and enrolls a group of devices.",
  examples: [
    ["dps-certs enroll thermostats", "the whole flow, on the embedded emulator"],
    [
      "dps-certs enroll thermostats --devices 3 --register",
      "and register three devices to prove it",
    ],
    ["dps-certs enroll thermostats --ca ca.pem --ca-key ca.key", "below a CA of your own"],
    ["dps-certs enroll thermostats --dry-run", "only say what would be done"],
  ],
  positionals: { group: { describe: "id of the enrollment group" } },
  options: {
    devices: { describe: "make this many device certificates" },
    prefix: { describe: "begin device ids with this  [default: the group's id]" },
    register: { describe: "register the devices", type: "boolean" },
    "verify-ca": {
      describe: "CA to upload and prove",
      choices: ["root", "intermediate", "both"],
      default: "root",
    },
    ca: { describe: "certificate of a CA of your own, to be imported in place of making a root" },
    "ca-key": { describe: "its private key  [default: in the same file]" },
    ...CA_PASSWORD_OPTIONS,
    ...PASSWORD_OPTIONS,
    replace: {
      describe: "take the place of a certificate or group of the same name",
      type: "boolean",
    },
    "dry-run": { describe: "print the steps and create nothing", type: "boolean" },
  },
  run: async (args, context) => {
    const group = args.groupId();
    const devices = args.integer("devices", { min: 1, max: 10_000 }) ?? 0;
    const dryRun = args.flag("dry-run");
    if (args.flag("register") && devices === 0) {
      throw usageError("--register needs devices", "say how many with --devices");
    }
    const [ca, key] = [args.text("ca"), args.text("ca-key")];
    for (const name of ca === undefined ? ["ca-key", ...Object.keys(CA_PASSWORD_OPTIONS)] : []) {
      if (args.text(name) !== undefined) throw usageError(`--${name} needs --ca`);
    }
    const prefix = args.text("prefix") ?? group;
    const { deviceIds } = await import("../flow/names.ts");
    const ids = deviceIds(prefix, devices);
    // One by one, so that a bundler sees what of the library is used.
    const { openPki } = await import("@dps-certs/ca-tools");
    const { withConnection } = await import("../target/connect.ts");
    const { enrollAndReport } = await import("../flow/enroll-report.ts");
    const { enrollKeys } = await import("../flow/enroll-keys.ts");
    // A folder that is somebody else's, or a CA that is none, is refused before any state is made.
    await openPki(context.pki);
    const keys = await enrollKeys(args, context, ca === undefined ? undefined : { ca, key });
    const done = explainInterrupt(context.io);
    const needs: Need[] = ["certificates", "enrollments"];
    if (args.flag("register")) needs.push("devices");
    await withConnection(context, { readOnly: dryRun, needs }, async (connection) => {
      const input = {
        group,
        pki: context.pki,
        connection,
        now: context.io.now,
        report: context.report,
        showPath: (path: string) => shortPath(context.io.cwd, path),
        verifyCa: args.required("verify-ca") as VerifyCa,
        deviceIds: ids,
        register: args.flag("register"),
        ...keys,
        replace: args.flag("replace"),
      };
      await enrollAndReport(input, context, { dryRun });
    }).finally(done);
  },
};
