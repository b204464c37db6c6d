// Shows the main job in an empty folder: a CA chain, proof of possession, an enrollment group and
// three devices that register, all against the embedded emulator.
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../packages/cli/bin/dps-certs.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "dps-certs-demo-"));

// Settings for Azure or for another emulator are not for the demo.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("DPS_")),
);

/** @param {string} text */
const print = (text) => process.stdout.write(`${text}\n`);

/** @param {string} command */
const run = (command) => {
  print(`\n$ dps-certs ${command}`);
  execFileSync(process.execPath, [cli, ...command.split(" ")], {
    cwd: folder,
    env,
    stdio: "inherit",
  });
};

try {
  run("enroll thermostats --devices 3 --register");
  run("group list");
  run("device list");
  run("enroll thermostats --devices 3 --register");
} catch (error) {
  // The command has said what went wrong.
  process.exit(/** @type {{ status?: number }} */ (error).status ?? 1);
}

print(`
What to run next:
  cd ${folder}
  alias dps-certs='node ${cli}'
  dps-certs enroll thermostats --devices 5 --register   two more devices
  dps-certs enroll boilers                              a second group, on an intermediate of its own
  dps-certs certificate show thermostats-root           what the service holds
  dps-certs emulator start                              the same service for your own programs
  dps-certs cleanup thermostats                         take it back`);
