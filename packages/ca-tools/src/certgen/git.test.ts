import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { has } from "../testing/programs.ts";
import { scratch } from "../testing/scratch.ts";
import { make, now } from "../testing/script-chain.ts";
import { createScriptChain } from "./create-chain.ts";

const git = (folder: string, ...args: string[]) =>
  execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" });

describe.skipIf(!has("git"))("in a git repository", () => {
  it.each([
    ["one of nobody's", undefined],
    ["one with a .gitignore of its own", "node_modules\n"],
  ])("no key is taken in, neither from archives nor as PFX: %s", async (_, ignored) => {
    const folder = scratch();
    git(folder, "init", "-q");
    if (ignored !== undefined) writeFileSync(join(folder, ".gitignore"), ignored);
    for (const force of [false, true]) {
      await createScriptChain(folder, { now, algorithm: "ec-p256", force });
      await make(folder, "dev-1");
    }
    // What a killed command leaves may be a PFX.
    for (const sub of ["certs", "private"]) writeFileSync(join(folder, sub, ".tmp-1"), "key");
    git(folder, "add", "--all");
    const taken = git(folder, "ls-files").split("\n");
    expect(taken).toContain("certs/new-device.cert.pem");
    expect(taken.filter((path) => /key|pfx|old-|private|tmp/.test(path))).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.startsWith("old-"))).toHaveLength(1);
  });
});
