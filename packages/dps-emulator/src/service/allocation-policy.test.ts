import { describe, expect, it } from "vitest";
import { Refusal } from "../problems.ts";
import { checkAllocation } from "./allocation-policy.ts";
import type { SentRecord } from "./record.ts";

const problemOf = (members: object): string | undefined => {
  try {
    checkAllocation(members as SentRecord);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.problem;
    throw error;
  }
};
const custom = (webhookUrl: string, apiVersion = "2021-10-01") => ({
  allocationPolicy: "custom",
  customAllocationDefinition: { webhookUrl, apiVersion },
});

describe("an enrollment's allocation", () => {
  it.each(["hashed", "geoLatency", "static", null, undefined])("may be %s", (allocationPolicy) => {
    expect(problemOf({ allocationPolicy })).toBeUndefined();
  });

  it.each(["Hashed", "random"])("is refused as %s", (allocationPolicy) => {
    expect(problemOf({ allocationPolicy })).toBe("bad-request");
  });

  it("must be named where hubs are", () => {
    expect(problemOf({ iotHubs: ["h"] })).toBe("hubs-without-policy");
    expect(problemOf({ iotHubs: ["h"], allocationPolicy: "static" })).toBeUndefined();
    expect(problemOf({ iotHubs: [] })).toBeUndefined();
  });

  it("needs to be told its webhook where it is custom", () => {
    expect(problemOf({ allocationPolicy: "custom" })).toBe("bad-request");
    const none = { allocationPolicy: "custom", customAllocationDefinition: null };
    expect(problemOf(none)).toBe("bad-request");
  });

  it.each([
    "https://function.example/api?code=1",
    "http://localhost:7071/api/allocate",
    "http://127.0.0.1/",
    "http://127.1.2.3:80/",
    "http://[::1]:7071/",
  ])("may ask %s", (url) => {
    expect(problemOf(custom(url))).toBeUndefined();
  });

  it.each([
    "",
    "allocate",
    "file:///etc/passwd",
    "ftp://localhost/",
    "http://function.example/",
    "http://localhost.example/",
    "http://127.0.0.1.example/",
    "http://0.0.0.0/",
    "http://[::2]/",
    "https://user:secret@function.example/",
    "https://user@function.example/",
  ])("may not ask %j", (url) => {
    expect(problemOf(custom(url))).toBe("bad-request");
    const unused = { ...custom(url), allocationPolicy: "hashed" };
    expect(problemOf(unused)).toBe("bad-request");
  });

  it("speaks to a webhook in a version that there is", () => {
    const url = "https://function.example/";
    for (const version of ["2018-09-01-preview", "2018-09-01", "2021-10-01"]) {
      expect(problemOf(custom(url, version))).toBeUndefined();
    }
    for (const version of ["", "latest", "2018-08-31", "2017-11-15", "2021-10-01-beta"]) {
      expect(problemOf(custom(url, version))).toBe("bad-request");
    }
  });
});
