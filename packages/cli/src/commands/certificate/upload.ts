import type { CommandSpec } from "../../command.ts";

export const uploadCommand: CommandSpec = {
  usage: "upload <ca>",
  summary: "Uploads a CA's certificate to the service; its key stays where it is.",
  examples: [
    ["dps-certs certificate upload root", "the root of ./pki, under a name made of its subject"],
    ["dps-certs certificate upload ca.pem --name factory-ca", "a file: PEM or DER"],
    ["dps-certs certificate upload ca.pem --verified", "and have it taken as verified"],
  ],
  positionals: { ca: { describe: "a CA of the PKI folder, see: dps-certs ca show; or a file" } },
  options: {
    name: { describe: "name in the service  [default: made of the subject]" },
    verified: {
      describe: "verified without proof of possession, as whoever may upload can have it",
      type: "boolean",
    },
    replace: { describe: "take the place of another certificate of that name", type: "boolean" },
  },
  run: async (args, context) => {
    const options = {
      ca: args.positional("ca"),
      name: args.text("name"),
      verified: args.flag("verified"),
      replace: args.flag("replace"),
    };
    const { uploadCertificate } = await import("../../flow/certificate/upload.ts");
    await uploadCertificate(context, options);
  },
};
