import type { CommandGroup } from "../../command.ts";
import { createCommand } from "./create.ts";
import { envCommand } from "./env.ts";
import { listCommand } from "./list.ts";
import { registerCommand } from "./register.ts";
import { renewCommand } from "./renew.ts";

export const deviceCommands: CommandGroup = {
  name: "device",
  summary: "Devices: their certificates and their registration.",
  commands: [createCommand, listCommand, registerCommand, envCommand, renewCommand],
};
