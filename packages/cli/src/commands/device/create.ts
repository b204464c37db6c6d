import type { Args } from "../../args.ts";
import type { CommandSpec, Context } from "../../command.ts";
import { usageError } from "../../errors.ts";
import type { BulkOptions } from "../../flow/bulk/command.ts";
import type { BulkSource } from "../../flow/bulk/input.ts";
import { chooseShard } from "../../flow/shards/choose-shard.ts";
import { PASSWORD_OPTIONS, passwordSource } from "../../passwords.ts";
import { ISSUER_OPTION, KEY_PASSWORD_OPTIONS, MAX_DAYS, PFX_OPTIONS } from "./options.ts";

/** Ten groups of a service's registrations. */
const MAX_COUNT = 10_000_000;
const ALGORITHMS = ["ec-p256", "ec-p384", "rsa-2048", "rsa-3072", "rsa-4096"];

export const createCommand: CommandSpec = {
  usage: "create [id...]",
  summary: "Makes a key, a certificate and a full chain for each device.",
  examples: [
    ["dps-certs device create sensor-1 sensor-2", "signed by the folder's intermediate CA"],
    ["dps-certs device create sensor-1 --issuer root --days 90", "signed by the root, for 90 days"],
    ["dps-certs device create sensor-1 --force", "replace it; the old files go to pki/old-<time>/"],
    ["dps-certs device create sensor-1 --pfx", "and a PFX, whose password is asked for"],
    ["dps-certs device create --count 5000 --prefix sensor", "sensor-001 to sensor-5000"],
    [
      "dps-certs device create --from fleet.csv --as ndjson --out fleet.ndjson",
      "all in one file; columns id, days, san",
    ],
    [
      "dps-certs device create --from fleet.csv --out part --shard 3/10",
      "the fourth of ten parts, for as many machines",
    ],
    ["dps-certs device create gw-1 --edge ca", "the CA of an IoT Edge device, gw-1.ca"],
    ["dps-certs device create gw-1 --edge server --ip 10.0.0.5", "its server certificate"],
  ],
  positionals: { id: { describe: "registration ids; each becomes the common name", array: true } },
  options: {
    count: { describe: "make this many, numbered" },
    prefix: { describe: "beginning of the ids with --count" },
    from: { describe: "CSV, NDJSON or a list of ids; - is standard input" },
    as: { describe: "what is made of each", choices: ["files", "ndjson"], default: "files" },
    out: {
      describe: "folder for the files, or file for NDJSON  [default: the PKI folder, stdout]",
    },
    shard: { describe: "a part of them, i/n from 0  [default: JOB_COMPLETION_INDEX/SHARDS]" },
    "fail-fast": { describe: "end with the first row that fails", type: "boolean" },
    report: { describe: "file to list the rows that fail in, as NDJSON" },
    issuer: ISSUER_OPTION,
    days: { describe: "lifetime", default: "30" },
    algorithm: { describe: "kind of keys  [default: that of the chain]", choices: ALGORITHMS },
    force: { describe: "replace devices that are there", type: "boolean" },
    edge: {
      describe: "a certificate of an IoT Edge device",
      choices: ["ca", "identity", "server"],
    },
    dns: { describe: "host names of an Edge server beside its id, with commas between" },
    ip: { describe: "addresses of an Edge server, with commas between" },
    ...PFX_OPTIONS,
    ...KEY_PASSWORD_OPTIONS,
    ...PASSWORD_OPTIONS,
  },
  run: async (args, context) => {
    const shard = chooseShard(args.text("shard"), context.io.env);
    const source = sourceOf(args, shard !== undefined);
    return source === undefined
      ? await createNamed(args, context)
      : await createMany(args, context, { source, shard });
  },
};

/** Undefined for devices that are named one by one, all of which are made together. */
function sourceOf(args: Args, isPart: boolean): BulkSource | undefined {
  const ids = args.deviceIds("id");
  const [from, prefix] = [args.text("from"), args.text("prefix")];
  const count = args.integer("count", { min: 1, max: MAX_COUNT });
  if ((count === undefined) !== (prefix === undefined)) {
    throw usageError(
      "--count and --prefix belong together",
      "--count 3 --prefix a: a-001 to a-003",
    );
  }
  const ways = [ids.length > 0, count !== undefined, from !== undefined];
  if (ways.filter(Boolean).length !== 1) {
    throw usageError("name devices, or say --count with --prefix, or --from with a file");
  }
  if (from !== undefined) return { kind: "file", from };
  if (count !== undefined && prefix !== undefined) return { kind: "count", count, prefix };
  const isPlain = args.required("as") === "files" && args.text("out") === undefined;
  if (!isPlain || isPart) return { kind: "ids", ids };
  const stray = ["fail-fast", "report"].find((name) => isGiven(args, name));
  if (stray === undefined) return undefined;
  throw usageError(`--${stray} is of --count, --from, --as ndjson and --out`);
}

async function createMany(
  args: Args,
  context: Context,
  { source, shard }: Pick<BulkOptions, "source" | "shard">,
): Promise<number> {
  const [as, out] = [args.required("as") as "files" | "ndjson", args.text("out")];
  const isFlat = as === "files" && out === undefined;
  const stray = ["edge", "dns", "ip", ...(isFlat ? ["force"] : [])];
  const given = stray.find((name) => isGiven(args, name));
  if (given !== undefined) {
    throw usageError(`--${given} is of devices whose ids are on the command line`);
  }
  if (args.flag("pfx") && !isFlat) {
    throw usageError("--pfx writes files of the PKI folder: leave out --as ndjson and --out");
  }
  if (as === "ndjson" && out === undefined && wantsJson(args)) {
    throw usageError(
      "standard output takes the devices, and no other JSON",
      "name a file with --out",
    );
  }
  const days = args.integer("days", { min: 1, max: MAX_DAYS });
  const [{ createManyDevices }, { newSecrets }] = await Promise.all([
    import("../../flow/bulk/command.ts"),
    import("../../flow/device-secrets.ts"),
  ]);
  return await createManyDevices(context, {
    source,
    shard,
    as,
    out,
    days,
    issuer: args.text("issuer"),
    algorithm: args.text("algorithm"),
    force: args.flag("force"),
    failFast: args.flag("fail-fast"),
    report: args.text("report"),
    password: passwordSource(args, context),
    secrets: () => newSecrets(args, context),
  });
}

const isGiven = (args: Args, name: string) => args.flag(name) || args.text(name) !== undefined;
const wantsJson = (args: Args) => args.flag("json") || args.text("output") === "json";

async function createNamed(args: Args, context: Context): Promise<void> {
  const ids = args.deviceIds("id");
  const days = args.integer("days", { min: 1, max: MAX_DAYS });
  const edge = args.text("edge") as "ca" | "identity" | "server" | undefined;
  const [dns, ip] = [args.names("dns"), args.names("ip")];
  if (dns.length + ip.length > 0 && edge !== "server") {
    throw usageError("--dns and --ip are of --edge server: DPS looks at a device's common name");
  }
  const [{ createNamedDevices }, { newSecrets }] = await Promise.all([
    import("../../flow/device-commands.ts"),
    import("../../flow/device-secrets.ts"),
  ]);
  await createNamedDevices(context, {
    ids,
    days,
    edge,
    names: { dns, ip },
    algorithm: args.text("algorithm"),
    issuer: args.text("issuer"),
    force: args.flag("force"),
    password: passwordSource(args, context),
    secrets: () => newSecrets(args, context),
  });
}
