import { describe, expect, it } from "vitest";
import { COMMANDS, COMMON, GROUPS } from "./catalogue.ts";
import type { CommandSpec } from "./command.ts";
import { createBench } from "./testing/bench.ts";

const nameOf = ({ usage }: CommandSpec) => usage.split(" ")[0] ?? "";
const NAMES = [
  ...COMMANDS.map(nameOf),
  ...GROUPS.flatMap(({ name, commands }) => commands.map((one) => `${name} ${nameOf(one)}`)),
];

describe("help", () => {
  it.each(NAMES)("of %s leads with examples of it, and offers --json", async (command) => {
    const { status, stdout, stderr } = await createBench().run(`${command} --help`);
    expect([status, stderr]).toEqual([0, ""]);
    const examples = stdout.indexOf("Examples:\n");
    expect(examples).toBeGreaterThan(0);
    const [, first] = stdout.slice(examples).split("\n");
    expect(first).toContain(`dps-certs ${command}`);
    const common = stdout.indexOf("For every command:");
    expect(common).toBeGreaterThan(examples);
    // All that every command takes stands there, in one block.
    for (const name of Object.keys(COMMON))
      expect(stdout.lastIndexOf(` --${name} `)).toBeGreaterThan(common);
    expect(stdout.slice(common).trim()).not.toContain("\n\n");
    expect(stdout).toContain("--json");
  });

  it.each(GROUPS.map(({ name }) => name))("of the group %s lists its commands", async (group) => {
    const { status, stdout } = await createBench().run(`${group} --help`);
    expect(status).toBe(0);
    const own = NAMES.filter((name) => name.startsWith(`${group} `));
    expect(own.length).toBeGreaterThan(1);
    for (const name of own) expect(stdout).toContain(`dps-certs ${name}`);
  });

  it("lists every command and group where none is named", async () => {
    const { status, stdout } = await createBench().run("--help");
    expect(status).toBe(0);
    for (const name of NAMES) expect(stdout).toContain(`dps-certs ${name.split(" ")[0]}`);
  });

  it("knows the group command by the name az gives it", async () => {
    expect((await createBench().run("enrollment-group list --help")).status).toBe(0);
  });

  it("is not needed for the version", async () => {
    expect((await createBench().run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
