import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { createReporter, type ReporterOptions } from "./reporter.ts";
import { fields, table } from "./table.ts";
import { jsonText, printable, printableLines } from "./text.ts";

function record(options: Partial<ReporterOptions> = {}) {
  const written = { stdout: "", stderr: "" };
  const io = {
    stdout: (text: string) => {
      written.stdout += text;
    },
    stderr: (text: string) => {
      written.stderr += text;
    },
  };
  const defaults = { json: false, quiet: false, isLive: false, colour: false };
  return { report: createReporter(io, { ...defaults, ...options }), written };
}

describe("the reporter", () => {
  it("writes progress to stderr and the result to stdout", () => {
    const { report, written } = record();
    report.step("done", "root CA", "CN=x");
    report.result({ a: 1 }, "text\n");
    expect(written).toEqual({ stdout: "text\n", stderr: "  ✔ root CA                 CN=x\n" });
  });

  it("writes one JSON document where JSON is asked for", () => {
    const { report, written } = record({ json: true });
    report.result({ a: 1 }, "text\n");
    expect(JSON.parse(written.stdout)).toEqual({ a: 1 });
  });

  it("leaves progress out when it is to be quiet, and warnings in", () => {
    const { report, written } = record({ quiet: true });
    report.target("t");
    report.step("done", "s", "d");
    report.note("n");
    expect(written.stderr).toBe("");
    report.warn("careful");
    expect(written.stderr).toContain("careful");
  });

  it("tells what failed even when it is to be quiet", () => {
    const { report, written } = record({ quiet: true });
    report.step("failed", "dev-1\u001b[2J", "gone");
    expect(written.stderr).toMatch(/^ {2}✖ dev-1 \[2J +gone\n$/);
  });

  it("colours only where it is told to", () => {
    const { report, written } = record({ colour: true });
    report.step("failed", "s", "d");
    expect(written.stderr).toContain("\u001b[31m");
  });
});

describe("text from outside", () => {
  test.prop([fc.string({ unit: "binary" })])("never steers a terminal", (text) => {
    expect(printable(`a${text}\u001b[2Jb`)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test.prop([fc.jsonValue({ noUnicodeString: false })])(
    "steers nothing as JSON either, and means the same",
    (value) => {
      const hostile = { value, name: "a\u001b[2J\u009b2J\u202e\u{e0001}z" };
      const text = jsonText(hostile, 2);
      // JSON has no negative zero.
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(hostile)));
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    },
  );

  it("keeps its lines where it has several, and nothing else that steers", () => {
    expect(printableLines("a\u001b[2J\n  b\u0007")).toBe("a [2J\n  b ");
  });

  it("is padded by its width in a table", () => {
    expect(
      table(
        ["NAME", "X"],
        [
          ["日本", "1"],
          ["a", "2"],
        ],
      ),
    ).toBe("NAME  X\n日本  1\na     2\n");
  });

  it("is left out of fields when there is none", () => {
    expect(
      fields([
        ["name", "a"],
        ["long name", undefined],
        ["x", "b"],
      ]),
    ).toBe("name  a\nx     b\n");
  });
});
