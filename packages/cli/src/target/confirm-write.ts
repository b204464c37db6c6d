import type { Context } from "../command.ts";
import { CliError } from "../errors.ts";
import type { Choice } from "./choose.ts";

type AzureChoice = Extract<Choice, { kind: "azure" }>;

/**
 * Somebody who meant the emulator must not write to Azure because a variable was set once. Whoever
 * cannot be asked is told so before anything is sent.
 *
 * @returns asks, once it is known what is written to; undefined where nothing is to be asked
 * @throws {CliError} `not-confirmed`
 */
export function writeConfirmation(
  { io, yes }: Pick<Context, "io" | "yes">,
  { byEnvironment, why }: AzureChoice,
  readOnly: boolean,
): ((service: string) => Promise<void>) | undefined {
  if (readOnly || yes || !byEnvironment) return undefined;
  const { confirm } = io;
  if (confirm === undefined) {
    throw new CliError(
      "not-confirmed",
      `this would write to Azure because of ${why} alone, and there is no terminal to ask on`,
      { hint: "say --target azure, or --yes; or --target embedded for the local emulator" },
    );
  }
  return async (service) => {
    if (await confirm(`This writes to ${service} in Azure. Go ahead?`)) return;
    throw new CliError("not-confirmed", "nothing was changed", {
      hint: "for the local emulator say --target embedded",
    });
  };
}
