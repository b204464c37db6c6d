import type { CommandGroup } from "../../command.ts";
import { deleteCommand } from "./delete.ts";
import { listCommand } from "./list.ts";
import { showCommand } from "./show.ts";
import { uploadCommand } from "./upload.ts";
import { verifyCommand } from "./verify.ts";

export const certificateCommands: CommandGroup = {
  name: "certificate",
  summary: "CA certificates in the service.",
  commands: [uploadCommand, verifyCommand, listCommand, showCommand, deleteCommand],
};
