// The command as another user, RUN_AS, who may not be able to read the program's own files: what it
// loads when it runs is loaded by running it once before, without a trace, in a folder that is not there.
import { main } from "../../dist/main.js";

const nowhere = {
  stdout: () => undefined,
  stderr: () => undefined,
  isLive: false,
  confirm: undefined,
  askSecret: undefined,
  env: {},
  cwd: "/nonexistent",
  now: () => new Date(),
};
await main(["--help"], nowhere);
const status = await main(["enroll", "nothing", "--dry-run"], nowhere);
if (status !== 0) throw new Error("the command does not run at all");

const user = Number(process.env.RUN_AS);
process.setgid?.(user);
process.setuid?.(user);
process.exitCode = await main(process.argv.slice(2));
