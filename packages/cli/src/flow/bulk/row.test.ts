import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { readBulkRow } from "./row.ts";

const read = (values: Record<string, unknown>) => readBulkRow({ line: 7, values });
const device = { line: 7, id: "sensor-1" };

describe("a row of a fleet", () => {
  it.each(["id", "cn", "registrationId"])("names its device by %s", (column) => {
    expect(read({ [column]: "sensor-1" })).toEqual(device);
  });

  it.each([
    [{ days: "90" }, { days: 90 }],
    [{ days: 90 }, { days: 90 }],
    [{ dns: "a.example, b.example" }, { names: { dns: ["a.example", "b.example"], ip: [] } }],
    [{ dns: ["a.example"], ip: ["::1"] }, { names: { dns: ["a.example"], ip: ["::1"] } }],
    [
      { san: "DNS:a.example;IP:10.0.0.5 b.example 10.0.0.6" },
      { names: { dns: ["a.example", "b.example"], ip: ["10.0.0.5", "10.0.0.6"] } },
    ],
    [{ san: ["dns:10.0.0.5"] }, { names: { dns: ["10.0.0.5"], ip: [] } }],
    [{ san: "" }, {}],
  ])("may say %j", (values, expected) => {
    expect(read({ id: "sensor-1", ...values })).toEqual({ ...device, ...expected });
  });

  it.each([
    [{}, "no id"],
    [{ id: "a", cn: "b" }, "several ids"],
    [{ id: 1000 }, "not a text"],
    [{ id: "a b" }, "cannot be a device's registration id"],
    [{ id: "x".repeat(65) }, "64"],
    [{ id: "a", days: "0" }, "days"],
    [{ id: "a", days: "1e3" }, "days"],
    [{ id: "a", days: 1.5 }, "days"],
    [{ id: "a", days: 36_501 }, "days"],
    [{ id: "a", days: true }, "days"],
    [{ id: "a", san: 5 }, "names"],
    [{ id: "a", dns: [5] }, "names"],
    [{ id: "a", colour: "red" }, '"colour"'],
  ])("%j says why it names none", (values, words) => {
    expect(read(values)).toMatchObject({
      line: 7,
      problem: { code: "bad-row", message: expect.stringContaining(words) },
    });
  });

  it("that cannot be read passes on why", () => {
    expect(readBulkRow({ line: 3, problem: "it is no JSON" })).toMatchObject({
      line: 3,
      problem: { code: "bad-row", message: "it is no JSON" },
    });
  });

  const columns = fc.constantFrom(
    "id",
    "cn",
    "registrationId",
    "days",
    "san",
    "dns",
    "ip",
    "__proto__",
  );
  test.prop([fc.dictionary(columns, fc.oneof(fc.string(), fc.jsonValue()))])(
    "is a device or a problem, whatever it says",
    (values) => {
      const row = readBulkRow({ line: 1, values });
      if ("problem" in row) expect(row.problem).toMatchObject({ code: "bad-row" });
      else expect(row.id).toMatch(/^[A-Za-z0-9._:-]{1,64}$/);
    },
  );
});
