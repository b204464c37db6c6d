import type { KeyAlgorithmName } from "@dps-certs/ca-tools";
import type { Args } from "../../args.ts";
import type { OptionSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";

const ALGORITHMS: readonly KeyAlgorithmName[] = [
  "rsa-4096",
  "rsa-3072",
  "rsa-2048",
  "ec-p256",
  "ec-p384",
];
const MAX_DAYS = 36_500;

/** What the script has no choice of. */
export const CERTGEN_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  algorithm: {
    describe: "kind of keys  [default: as the chain was made, or rsa-4096]",
    choices: ALGORITHMS,
  },
  days: { describe: "lifetime", default: "30" },
};

export interface CertgenOptions {
  algorithm: KeyAlgorithmName | undefined;
  days: number | undefined;
  force: boolean;
}

export function certgenOptions(args: Args): CertgenOptions {
  // The folder is the current one: somebody who names another expects what would not happen.
  if (args.text("pki") !== "pki") {
    throw usageError(
      "certgen works in the current folder, as the script does: --pki is not for it",
    );
  }
  return {
    algorithm: args.text("algorithm") as KeyAlgorithmName | undefined,
    days: args.integer("days", { min: 1, max: MAX_DAYS }),
    force: args.flag("force"),
  };
}
