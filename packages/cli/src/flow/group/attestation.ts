/** How the devices of a group are to show who they are, as options say it. */
import type { Args } from "../../args.ts";
import type { Context } from "../../command.ts";
import { usageError } from "../../errors.ts";
import type { GivenAttestation } from "../service/enrollment-members.ts";
import { readCommonAttestation } from "../service/enrollment-options.ts";
import { type GivenCa, readGivenCa, warnDates } from "../service/given-ca.ts";

export interface GroupAttestation {
  /** Undefined where nothing was said of it. */
  given: Exclude<GivenAttestation, { kind: "clientCertificates" | "tpm" }> | undefined;
  /** The CAs whose certificates are given. */
  cas: readonly GivenCa[];
}

/**
 * What `--ca`, `--ca-reference`, the symmetric keys' options and `--remove-secondary` say.
 *
 * @throws {CliError} `usage` for two kinds at once
 */
export async function readGroupAttestation(
  args: Args,
  context: Context,
): Promise<GroupAttestation> {
  const names = [args.text("ca"), args.text("secondary-ca")] as const;
  const common = await readCommonAttestation(args, context);
  const hasCas = names.some((name) => name !== undefined);
  if (hasCas && common !== undefined) {
    const other = common.kind === "caReferences" ? "--ca-reference" : "symmetric keys";
    throw usageError(`--ca and ${other} exclude one another`);
  }
  if (!hasCas) return { given: common, cas: [] };
  const [primary, secondary] = await Promise.all(
    names.map((name) => (name === undefined ? undefined : readGivenCa(context, name))),
  );
  const cas = [primary, secondary].filter((one) => one !== undefined);
  for (const { certificate } of cas) warnDates(context, certificate);
  return {
    given: {
      kind: "signingCertificates",
      primary: primary?.certificate.pem,
      secondary: secondary?.certificate.pem,
    },
    cas,
  };
}
