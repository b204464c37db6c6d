import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { count, emptyTally, openReport, tallyText } from "./report.ts";

const failure = { line: 2, id: "a", code: "conflict", message: "there already" };

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "dps-certs-report-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("the report of an import", () => {
  it("has a line for each row that failed, at once, and takes the place of the last one", () => {
    const path = join(emptyFolder(), "report");
    const first = openReport(path);
    first.add(failure);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(failure);
    first.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    openReport(path).close();
    expect(readFileSync(path, "utf8")).toBe("");
    openReport(path).close();
  });

  it.each(["registrationId\n", '{"line":1}\n', '{"line":1.5,"code":"a","message":"b"}', "null"])(
    "replaces no other file: %j",
    (text) => {
      const path = join(emptyFolder(), "file");
      writeFileSync(path, text);
      expect(() => openReport(path)).toThrow(expect.objectContaining({ code: "usage" }));
      expect(readFileSync(path, "utf8")).toBe(text);
    },
  );

  it("is refused where it cannot be written", () => {
    const folder = emptyFolder();
    expect(() => openReport(folder)).toThrow(expect.objectContaining({ code: "usage" }));
    const missing = join(folder, "none", "report");
    expect(() => openReport(missing)).toThrow(expect.objectContaining({ code: "usage" }));
  });
});

describe("the tally of an import", () => {
  it("counts by kind, and keeps a hundred failures at most", () => {
    const tally = emptyTally();
    count(tally, "done");
    count(tally, "already");
    for (let line = 2; line < 300; line += 1) count(tally, { ...failure, line });
    count(tally, { line: 300, code: "bad-row", message: "no id" });
    expect(tally).toMatchObject({ rows: 301, done: 1, already: 1, failed: 299 });
    expect(tally.failures).toHaveLength(100);
    expect(tallyText("delete", tally)).toBe(
      [
        "ROWS  DELETED  GONE ALREADY  FAILED",
        "301   1        1             299",
        "",
        "ERROR     ROWS  FIRST LINE  MESSAGE",
        "conflict  298   2           there already",
        "bad-row   1     300         no id",
        "",
      ].join("\n"),
    );
  });
});
