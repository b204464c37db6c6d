// The command as another user, RUN_AS, who may not be able to read the program's own files: loads
// everything that it may need, and becomes that user then.
import { readdirSync } from "node:fs";
import { startEmulator } from "@dps-certs/dps-emulator";
import { main } from "../../dist/main.js";

const DIST = new URL("../../dist/", import.meta.url);
const modules = readdirSync(DIST, { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll("\\", "/"))
  .filter((name) => name.endsWith(".js"));
for (const name of modules) await import(new URL(name, DIST).href);
const silent = {
  stdout: () => undefined,
  stderr: () => undefined,
  isLive: false,
  confirm: undefined,
};
await main(["--help"], { ...silent, env: {}, cwd: process.cwd(), now: () => new Date() });
// The database's native part is loaded at its first use.
await import("libsql").then(({ default: Database }) => new Database(":memory:").close());
await (await startEmulator({ inMemory: true })).close();

const user = Number(process.env.RUN_AS);
process.setgid?.(user);
process.setuid?.(user);
process.exitCode = await main(process.argv.slice(2));
