import type { CommandSpec } from "../../command.ts";

export const showCommand: CommandSpec = {
  usage: "show",
  summary: "Shows the CAs of the PKI folder, each below its issuer.",
  examples: [
    ["dps-certs ca show", "the chain in ./pki"],
    ["dps-certs ca show --pki ~/lab --json", "another folder's, as JSON"],
  ],
  run: async (_args, context) => {
    const { showCas } = await import("../../flow/ca-show.ts");
    await showCas(context);
  },
};
