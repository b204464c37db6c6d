import type { CommandGroup } from "../../command.ts";
import { createCommand } from "./create.ts";
import { deleteCommand } from "./delete.ts";
import { importCommand } from "./import.ts";
import { listCommand } from "./list.ts";
import { showCommand } from "./show.ts";
import { updateCommand } from "./update.ts";

export const enrollmentCommands: CommandGroup = {
  name: "enrollment",
  summary: "Enrollments of single devices in the service.",
  commands: [listCommand, showCommand, createCommand, updateCommand, deleteCommand, importCommand],
};
