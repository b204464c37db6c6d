import { quote } from "../../args.ts";
import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";

/** Those of `openssl ca -crl_reason` that are final. */
const REASONS = [
  "unspecified",
  "keyCompromise",
  "CACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
];

export const revokeCommand: CommandSpec = {
  usage: "revoke <certificate>",
  summary:
    "Marks a certificate as revoked in index.txt. DPS reads no CRL: there, disable the device or its enrollment.",
  examples: [
    ["dps-certs ca revoke sensor-1", "the certificate of a device"],
    ["dps-certs ca revoke sensor-1 --reason keyCompromise", "and why"],
    ["dps-certs ca revoke 4F:00:1A", "the one with this serial number"],
  ],
  positionals: { certificate: { describe: "serial number, id of a device, or name of a CA" } },
  options: {
    reason: { describe: `why, for the CRL: ${REASONS.join(", ")}  [default: none is given]` },
  },
  run: async (args, context) => {
    const options = {
      certificate: args.positional("certificate"),
      reason: reasonOf(args.text("reason")),
    };
    const { revokeCertificate } = await import("../../flow/revocation-commands.ts");
    await revokeCertificate(context, options);
  },
};

/** In any letter case, as openssl takes it. */
function reasonOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const reason = REASONS.find((known) => known.toLowerCase() === text.toLowerCase());
  if (reason !== undefined) return reason;
  throw usageError(`--reason takes one of ${REASONS.join(", ")}, not ${quote(text)}`);
}
