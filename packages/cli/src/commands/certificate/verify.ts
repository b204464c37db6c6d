import type { Args } from "../../args.ts";
import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import type { VerifyOptions } from "../../flow/certificate/verify.ts";
import { CA_PASSWORD_OPTIONS, PASSWORD_OPTIONS, requiredPassword } from "../../passwords.ts";

export const verifyCommand: CommandSpec = {
  usage: "verify <name>",
  summary: "Proves possession of an uploaded CA's private key: code, signing and verification.",
  examples: [
    ["dps-certs certificate verify thermostats-root", "with the CA of ./pki that was uploaded"],
    ["dps-certs certificate verify factory-ca --ca-key ca.key", "with a key in a file"],
    ["dps-certs certificate verify factory-ca --code-only", "for a key that is elsewhere: a code"],
    ["dps-certs certificate verify factory-ca --with proof.pem", "and what was signed with it"],
  ],
  positionals: { name: { describe: "name of the certificate in the service" } },
  options: {
    "ca-key": { describe: "file of the CA's private key: PEM, DER or PFX" },
    ca: { describe: "file of the CA's certificate, if --ca-key has none and ./pki neither" },
    ...CA_PASSWORD_OPTIONS,
    ...PASSWORD_OPTIONS,
    "code-only": { describe: "print a verification code; the one before is void", type: "boolean" },
    with: { describe: "file of a certificate of this code, signed by the CA" },
  },
  run: async (args, context) => {
    const options: VerifyOptions = {
      name: args.positional("name"),
      how: howOf(args),
      password: requiredPassword(args, context),
      caPassword: requiredPassword(args, context, "ca-password"),
    };
    const { verifyCertificate } = await import("../../flow/certificate/verify.ts");
    await verifyCertificate(context, options);
  },
};

function howOf(args: Args): VerifyOptions["how"] {
  const [ca, caKey, file] = [args.text("ca"), args.text("ca-key"), args.text("with")];
  const given = [
    args.flag("code-only") ? "--code-only" : [],
    file === undefined ? [] : "--with",
    ca === undefined && caKey === undefined ? [] : caKey === undefined ? "--ca" : "--ca-key",
  ].flat();
  if (given.length > 1) throw usageError(`${given.join(" and ")} exclude one another`);
  if (args.flag("code-only")) return { is: "code" };
  return file === undefined ? { is: "all", ca, caKey } : { is: "with", file };
}
