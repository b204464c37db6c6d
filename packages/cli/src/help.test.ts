import { describe, expect, it } from "vitest";
import { createBench } from "./testing/bench.ts";

const COMMANDS = [
  "enroll",
  "cleanup",
  ...["create", "show"].map((verb) => `ca ${verb}`),
  ...["create", "list", "register"].map((verb) => `device ${verb}`),
  ...["list", "show"].map((verb) => `certificate ${verb}`),
  ...["list", "show"].map((verb) => `group ${verb}`),
  ...["start", "status", "stop"].map((verb) => `emulator ${verb}`),
];

describe("help", () => {
  it.each(COMMANDS)("of %s leads with examples of it, and offers --json", async (command) => {
    const { status, stdout, stderr } = await createBench().run(`${command} --help`);
    expect([status, stderr]).toEqual([0, ""]);
    const examples = stdout.indexOf("Examples:\n");
    expect(examples).toBeGreaterThan(0);
    expect(stdout.indexOf(`  dps-certs ${command}`, examples)).toBe(
      examples + "Examples:\n".length,
    );
    expect(stdout.indexOf("For every command:")).toBeGreaterThan(examples);
    expect(stdout).toContain("--json");
  });

  it.each(["", "ca", "device", "certificate", "group", "emulator"])(
    "of the group %j lists its commands",
    async (group) => {
      const { status, stdout } = await createBench().run(`${group} --help`);
      expect(status).toBe(0);
      const own = COMMANDS.filter((command) => command.startsWith(group));
      for (const command of own) expect(stdout).toContain(`dps-certs ${command.split(" ")[0]}`);
    },
  );

  it("knows the group command by the name az gives it", async () => {
    expect((await createBench().run("enrollment-group list --help")).status).toBe(0);
  });

  it("is not needed for the version", async () => {
    expect((await createBench().run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
