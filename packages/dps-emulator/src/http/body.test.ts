import { describe, expect, it } from "vitest";
import { readJson } from "./body.ts";

describe("reading a body", () => {
  it("refuses what is no JSON, and quotes nothing of it, not even in a cause", () => {
    let error: unknown;
    try {
      readJson(Buffer.from('{"primaryKey":s3cret'));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ problem: "malformed-body" });
    expect((error as Error).cause).toBeUndefined();
    expect(String((error as Error).message)).not.toContain("s3cret");
  });
});
