import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** An empty folder that goes away with the test. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "ca-tools-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
