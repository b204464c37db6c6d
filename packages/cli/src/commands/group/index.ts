import type { CommandGroup } from "../../command.ts";
import { createCommand } from "./create.ts";
import { deleteCommand } from "./delete.ts";
import { listCommand } from "./list.ts";
import { showCommand } from "./show.ts";
import { updateCommand } from "./update.ts";

export const groupCommands: CommandGroup = {
  name: "group",
  aliases: ["enrollment-group"],
  summary: "Enrollment groups in the service.",
  commands: [createCommand, listCommand, showCommand, updateCommand, deleteCommand],
};
