import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildPackage } from "./testing/children.ts";
import { scratch } from "./testing/scratch.ts";

const PACKAGE = join(import.meta.dirname, "..");
const readme = readFileSync(join(PACKAGE, "README.md"), "utf8");
const examples = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code = ""]) => code);

beforeAll(buildPackage, 60_000);

describe("README.md", { timeout: 20_000 }, () => {
  it.each([
    ["a chain and its devices", 0, "CN=7D07A6A5 2"],
    ["a certificate", 1, "CN=Factory\\, Hall 7 64"],
    ["a path that is refused", 2, "not-a-ca"],
  ])("shows code that runs: %s", (_, index, printed) => {
    const args = ["--input-type=module", "-e", examples[index] ?? ""];
    const env = { ...process.env, FORCE_COLOR: "0", PKI_FOLDER: scratch() };
    expect(execFileSync(process.execPath, args, { cwd: PACKAGE, encoding: "utf8", env })).toContain(
      `${printed}\n`,
    );
  });

  it("names every error code", () => {
    const errors = readFileSync(join(PACKAGE, "src", "errors.ts"), "utf8");
    for (const [, code] of errors.matchAll(/^ {2}\| "([a-z-]+)"/gm)) {
      expect(readme).toContain(`\`${code}\``);
    }
  });
});
