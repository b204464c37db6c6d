import type { CommandGroup } from "../../command.ts";
import { createCommand } from "./create.ts";
import { crlCommand } from "./crl.ts";
import { importCommand } from "./import.ts";
import { revokeCommand } from "./revoke.ts";
import { showCommand } from "./show.ts";
import { signCommand } from "./sign.ts";
import { verificationCommand } from "./verification.ts";

export const caCommands: CommandGroup = {
  name: "ca",
  summary: "The CA chain of the PKI folder.",
  commands: [
    createCommand,
    showCommand,
    importCommand,
    verificationCommand,
    signCommand,
    revokeCommand,
    crlCommand,
  ],
};
