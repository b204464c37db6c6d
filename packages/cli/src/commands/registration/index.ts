import type { CommandGroup } from "../../command.ts";
import { deleteCommand } from "./delete.ts";
import { listCommand } from "./list.ts";
import { showCommand } from "./show.ts";

export const registrationCommands: CommandGroup = {
  name: "registration",
  summary: "The service's records of devices that registered.",
  commands: [listCommand, showCommand, deleteCommand],
};
