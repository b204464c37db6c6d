import { describe, expect, it } from "vitest";
import { chooseShard } from "./choose-shard.ts";

const usage = expect.objectContaining({ code: "usage" });

describe("chooseShard", () => {
  it.each([
    ["3/10", {}, [3, 10, ""]],
    ["0/1", {}, [0, 1, ""]],
    ["99/100", {}, [99, 100, ""]],
    ["3", { SHARDS: "10" }, [3, 10, "SHARDS"]],
    [undefined, { JOB_COMPLETION_INDEX: "0", SHARDS: "4" }, [0, 4, "JOB_COMPLETION_INDEX SHARDS"]],
    ["1/2", { JOB_COMPLETION_INDEX: "0", SHARDS: "4" }, [1, 2, ""]],
  ])("reads --shard %s with %o", (option, env, expected) => {
    const { index, count, variables } = chooseShard(option, env) ?? {};
    expect([index, count, variables?.join(" ")]).toEqual(expected);
  });

  it.each([[{}], [{ JOB_COMPLETION_INDEX: "3" }], [{ JOB_COMPLETION_INDEX: "3", SHARDS: "" }]])(
    "is no part where %o says nothing of parts",
    (env) => {
      expect(chooseShard(undefined, env)).toBeUndefined();
    },
  );

  it.each([
    ["10/10", {}],
    ["0/0", {}],
    ["0/101", {}],
    ["-1/10", {}],
    ["1.0/10", {}],
    ["1e0/10", {}],
    ["1/2/3", {}],
    ["/10", {}],
    ["3/", {}],
    ["3", {}],
    ["3/x", { SHARDS: "10" }],
    ["x", { SHARDS: "10" }],
    [undefined, { SHARDS: "10" }],
    [undefined, { JOB_COMPLETION_INDEX: "10", SHARDS: "10" }],
    [undefined, { JOB_COMPLETION_INDEX: "one", SHARDS: "10" }],
  ])("refuses --shard %s with %o, rather than make another part", (option, env) => {
    expect(() => chooseShard(option, env)).toThrow(usage);
  });
});
