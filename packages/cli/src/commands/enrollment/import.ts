import { BULK_MODES, type BulkMode } from "@dps-certs/dps-protocol";
import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import type { RowFormat } from "../../flow/rows/input-rows.ts";

const MAX_CONCURRENCY = 64;

export const importCommand: CommandSpec = {
  usage: "import",
  summary: "Enrolls many devices from a file, ten a request; run again, it does what is left.",
  examples: [
    ["dps-certs enrollment import --from fleet.csv", "columns registrationId, certificate, …"],
    ["dps-certs enrollment import --from fleet.csv --dry-run", "checks all rows, sends nothing"],
    [
      "dps-certs enrollment import --from fleet.ndjson --report failed.ndjson",
      "and lists the rows that failed",
    ],
    [
      "dps-certs enrollment import --from status.csv --mode update",
      "changes what the columns say, and nothing else",
    ],
    ["dps-certs enrollment import --from old.csv --mode delete --yes", "deletes what is listed"],
  ],
  options: {
    from: { describe: "CSV, JSON array or NDJSON; - is standard input" },
    format: {
      describe: "its form  [default: what its name or its first character says]",
      choices: ["csv", "json", "ndjson"],
    },
    mode: { describe: "what is done with each", choices: BULK_MODES, default: "create" },
    report: { describe: "file to list the rows that fail in, as NDJSON" },
    "dry-run": { describe: "check all rows and send nothing", type: "boolean" },
    "fail-fast": { describe: "end with the first row that fails", type: "boolean" },
    concurrency: { describe: "requests under way at once", default: "4" },
  },
  run: async (args, context) => {
    const from = args.text("from");
    if (from === undefined) throw usageError("name the file with --from");
    const concurrency = args.integer("concurrency", { min: 1, max: MAX_CONCURRENCY }) ?? 1;
    const { importEnrollments } = await import("../../flow/enrollment-import/command.ts");
    return await importEnrollments(context, {
      from,
      format: args.text("format") as RowFormat | undefined,
      mode: args.required("mode") as BulkMode,
      report: args.text("report"),
      dryRun: args.flag("dry-run"),
      failFast: args.flag("fail-fast"),
      concurrency,
    });
  },
};
