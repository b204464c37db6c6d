import type { CommandSpec } from "../../command.ts";
import { PASSWORD_OPTIONS, passwordSource } from "../../passwords.ts";

const PROFILES = ["device", "server", "edge-identity", "edge-server", "edge-ca", "intermediate"];

export const signCommand: CommandSpec = {
  usage: "sign <csr>",
  summary: "Makes a certificate for the key of a certification request (CSR, PKCS #10).",
  examples: [
    ["dps-certs ca sign sensor-1.csr", "a device that made its key itself"],
    ["dps-certs ca sign gw.csr --profile server --dns gw.example --ip 10.0.0.5", "a server"],
    ["dps-certs ca sign factory.csr --profile intermediate --issuer root", "a CA elsewhere"],
  ],
  positionals: { csr: { describe: "file with the request, PEM or DER" } },
  options: {
    issuer: {
      describe: "name of the CA that signs, see: dps-certs ca show  [default: the lowest]",
    },
    profile: {
      describe: "kind of certificate; what the request asks for does not count",
      choices: PROFILES,
      default: "device",
    },
    cn: { describe: "common name  [default: the request's]" },
    dns: { describe: "host names to vouch for, with commas between" },
    ip: { describe: "addresses to vouch for, with commas between" },
    days: { describe: "lifetime  [default: 30, of a server 365, of an intermediate 180]" },
    force: { describe: "replace what is there under the name", type: "boolean" },
    ...PASSWORD_OPTIONS,
  },
  run: async (args, context) => {
    const options = {
      csr: args.positional("csr"),
      issuer: args.text("issuer"),
      profile: args.required("profile"),
      commonName: args.text("cn"),
      names: { dns: args.names("dns"), ip: args.names("ip") },
      days: args.integer("days", { min: 1, max: 36_500 }),
      force: args.flag("force"),
      password: passwordSource(args, context),
    };
    const { signFile } = await import("../../flow/sign-command.ts");
    await signFile(context, options);
  },
};
