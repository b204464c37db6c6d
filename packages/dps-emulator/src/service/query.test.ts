import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { Refusal } from "../problems.ts";
import { matches } from "./condition.ts";
import { parseQuery } from "./query.ts";

const FIELDS = [
  "registrationId",
  "provisioningStatus",
  "attestation",
  "initialTwin",
  "capabilities",
];
const TIMES = ["createdDateTimeUtc"];
const parse = (text: string) => parseQuery(text, [...FIELDS, ...TIMES]);
const where = (text: string, item: object) => {
  const condition = parse(`SELECT * FROM enrollments WHERE ${text}`);
  if (condition === undefined) throw new Error("no condition was read");
  return matches(condition, item);
};
const refusal = (text: string): string => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof Refusal && error.problem === "bad-request") return error.message;
    throw error;
  }
  throw new Error(`was not refused: ${text}`);
};

const item = {
  registrationId: "Dev-1",
  provisioningStatus: "enabled",
  attestation: { type: "x509", x509: { caReferences: { primary: "root" } } },
  initialTwin: { tags: { floor: 3, "wing-name": "it's", active: true } },
  createdDateTimeUtc: "2023-05-19T23:10:35.77Z",
};

describe("a query", () => {
  it.each([
    "SELECT *",
    "select * from enrollments",
    " SELECT\n*\tFROM enrollmentGroups ; ",
    "*",
    "{'additional_properties': {}, 'query': 'SELECT *'}",
    '{"query": "SELECT * FROM enrollments"}',
  ])("asks for all as %j", (text) => {
    expect(parse(text)).toBeUndefined();
  });

  it("may be a Python dictionary with a condition in it", () => {
    const text = `{'query': "SELECT * WHERE provisioningStatus = 'enabled'"}`;
    expect(parse(text)).toEqual(parse("SELECT * WHERE provisioningStatus = 'enabled'"));
  });

  it.each([
    ["", /its end: only "SELECT \*"/],
    ["DELETE *", /character 1: only/],
    ["SELECT registrationId", /character 8: "\*"/],
    ["SELECT TOP 5 *", /character 8/],
    ["SELECT * ORDER BY registrationId", /character 10: .*no ORDER BY/],
    ["SELECT * FROM", /its end: a name/],
    ["SELECT * WHERE", /its end: the name of a member/],
    ["SELECT * WHERE colour = 'red'", /character 16: the members are registrationId, /],
    ["SELECT * WHERE __proto__.x = 1", /the members are/],
    ["SELECT * WHERE registrationId", /its end: one of = /],
    ["SELECT * WHERE registrationId LIKE 'a'", /one of = /],
    ["SELECT * WHERE registrationId = b", /a text in quotes/],
    ["SELECT * WHERE registrationId = 'b", /character 33: nothing begins/],
    ["SELECT * WHERE (registrationId = 'b'", /"\)" is expected/],
    ["SELECT * WHERE registrationId = 'b')", /only FROM and WHERE may follow/],
    ["SELECT * WHERE registrationId = 'b' AND", /the name of a member/],
    ["SELECT * WHERE 'b' = registrationId", /the name of a member/],
    ["SELECT * WHERE registrationId = 'b'; DROP", /only FROM and WHERE/],
    [`SELECT * WHERE ${"(".repeat(80)}`, /nested too deeply/],
    [`SELECT * WHERE ${"NOT ".repeat(40_000)}`, /nested too deeply/],
  ])("is refused with its place as %.60j", (text, message) => {
    expect(refusal(text)).toMatch(message);
  });

  test.prop([fc.string()])("of any text is read or refused, and does nothing else", (text) => {
    for (const query of [text, `SELECT * WHERE ${text}`]) {
      try {
        parse(query);
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
    }
  });

  const pieces = ["(", ")", "NOT", "AND", "OR", "=", "<>", "'a'", "1", "null", "attestation.type"];
  test.prop([fc.array(fc.constantFrom(...pieces), { maxLength: 12 })])(
    "of any pieces is read or refused",
    (parts) => {
      try {
        parse(`SELECT * WHERE ${parts.join(" ")}`);
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
    },
  );

  it("of the longest body with a long chain is read at once", () => {
    const chain = "registrationId='a' OR ".repeat(4000);
    expect(where(`${chain} registrationId = 'dev-1'`, item)).toBe(true);
  });

  // Ten times what a body may hold: anything quadratic would take minutes here.
  const MEGABYTE = 1024 * 1024;
  const filled = (piece: string) => piece.repeat(Math.ceil(MEGABYTE / piece.length));
  it.each([
    ["an open text", `SELECT * WHERE registrationId = '${filled("a")}`],
    ["doubled quotes", `SELECT * WHERE registrationId = '${filled("''")}`],
    ["backslashes", `SELECT * WHERE registrationId = "${filled("\\")}`],
    ["spaces", `SELECT * ${filled(" ")}?`],
    ["opening parentheses", `SELECT * WHERE ${filled("(")}`],
    ["closing parentheses", `SELECT * WHERE registrationId = 'a'${filled(")")}`],
    ["NOT", `SELECT * WHERE ${filled("NOT ")}`],
    ["a path", `SELECT * WHERE ${filled("a.")}`],
    ["digits", `SELECT * WHERE registrationId = ${filled("1")}.`],
    ["dictionaries", `{${filled("'query': ")}`],
    ["texts of dictionaries", `{'query': "${filled("'query': ' \\\"")}`],
    ["spaces in a dictionary", `{${filled(`'query'${" ".repeat(50)}`)}`],
    ["braces", filled("{")],
  ])("of a megabyte of %s is refused at once", (_what, text) => {
    const begun = performance.now();
    expect(refusal(text)).toMatch(/^The query is not understood at /);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it("of a megabyte that makes sense is read at once", () => {
    const begun = performance.now();
    const long = filled("a");
    expect(where(`registrationId = '${long}'`, { registrationId: long })).toBe(true);
    expect(where(`initialTwin.${filled("a.")}b = null`, item)).toBe(true);
    const chain = filled(
      "registrationId='a' OR (NOT registrationId='b' AND registrationId='c') OR ",
    );
    expect(where(`${chain} registrationId = 'dev-1'`, item)).toBe(true);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it("of many levels is read as far as 63 of them, and refused beyond", () => {
    const nested = (levels: number) =>
      `${"(".repeat(levels)}registrationId = 'dev-1'${")".repeat(levels)}`;
    expect(where(nested(63), item)).toBe(true);
    expect(refusal(`SELECT * WHERE ${nested(64)}`)).toMatch(/nested too deeply/);
    const siblings = Array.from({ length: 200 }, () => nested(3)).join(" AND ");
    expect(where(siblings, item)).toBe(true);
  });
});

describe("a condition", () => {
  it.each([
    ["provisioningStatus = 'enabled'", true],
    ['provisioningStatus = "enabled"', true],
    ["provisioningStatus = 'Enabled'", false],
    ["provisioningStatus != 'disabled'", true],
    ["provisioningStatus <> 'enabled'", false],
    ["enrollments.provisioningStatus = 'enabled'", true],
    ["attestation.type = 'x509'", true],
    ["attestation.x509.caReferences.primary = 'root'", true],
    ["attestation.x509 = 'root'", false],
    ["initialTwin.tags.floor = 3", true],
    ["initialTwin.tags.floor = '3'", false],
    ["initialTwin.tags.floor >= 3 AND initialTwin.tags.floor < 3.5e0", true],
    ["initialTwin.tags.floor > -1 and not initialTwin.tags.floor > 3", true],
    ["initialTwin.tags.floor < 'a' OR initialTwin.tags.floor > 'a'", false],
    ["initialTwin.tags.wing-name = 'it''s'", true],
    ["initialTwin.tags.wing-name = 'it\\'s'", true],
    ["initialTwin.tags.active = TRUE", true],
    ["initialTwin.tags.active = false", false],
    ["initialTwin.tags.toString = null", true],
    ["capabilities.iotEdge = null", true],
    ["capabilities != null", false],
    ["attestation != null", true],
  ])("%s is %s", (text, outcome) => {
    expect(where(text, item)).toBe(outcome);
  });

  it("ignores the case of ids, as the service does", () => {
    expect(where("registrationId = 'dEV-1'", item)).toBe(true);
    expect(where("registrationId > 'DEV-0'", item)).toBe(true);
  });

  it("compares times as times, with a fraction or without", () => {
    expect(where("createdDateTimeUtc > '2023-05-19T23:10:35Z'", item)).toBe(true);
    expect(where("createdDateTimeUtc < '2023-05-19T23:10:36Z'", item)).toBe(true);
    expect(where("createdDateTimeUtc > '2023-05-20'", item)).toBe(false);
  });

  it("binds NOT before AND, and AND before OR", () => {
    const yes = "attestation.type = 'x509'";
    const no = "attestation.type = 'tpm'";
    expect(where(`${yes} OR ${no} AND ${no}`, item)).toBe(true);
    expect(where(`(${yes} OR ${no}) AND ${no}`, item)).toBe(false);
    expect(where(`NOT ${no} AND ${no}`, item)).toBe(false);
    expect(where(`NOT (${no} AND ${no})`, item)).toBe(true);
    expect(where(`NOT NOT ${yes}`, item)).toBe(true);
  });

  // An oracle that knows nothing of the parser: JavaScript's own operators.
  const leaf = fc.tuple(
    fc.constantFrom("=", "!=", "<", "<=", ">", ">="),
    fc.integer(),
    fc.integer(),
  );
  const { tree } = fc.letrec<{ tree: [string, (a: number) => boolean] }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf.map(([operator, value]): [string, (a: number) => boolean] => [
        `initialTwin.n ${operator} ${value}`,
        (n) =>
          ({
            "=": n === value,
            "!=": n !== value,
            "<": n < value,
            "<=": n <= value,
            ">": n > value,
            ">=": n >= value,
          })[operator] ?? false,
      ]),
      tie("tree").map(([text, is]): [string, (a: number) => boolean] => [
        `NOT (${text})`,
        (n) => !is(n),
      ]),
      fc
        .tuple(tie("tree"), tie("tree"))
        .map(([[a, isA], [b, isB]]): [string, (a: number) => boolean] => [
          `(${a}) AND (${b})`,
          (n) => isA(n) && isB(n),
        ]),
      fc
        .tuple(tie("tree"), tie("tree"))
        .map(([[a, isA], [b, isB]]): [string, (a: number) => boolean] => [
          `(${a}) or (${b})`,
          (n) => isA(n) || isB(n),
        ]),
    ),
  }));
  test.prop([tree, fc.integer()])("of any form means what it says", ([text, is], n) => {
    expect(where(text, { initialTwin: { n } })).toBe(is(n));
  });

  test.prop([fc.string(), fc.constantFrom("'", '"')])("holds any text in quotes", (text, quote) => {
    const escaped = text.replaceAll("\\", "\\\\").replaceAll(quote, quote + quote);
    expect(where(`initialTwin.t = ${quote}${escaped}${quote}`, { initialTwin: { t: text } })).toBe(
      true,
    );
  });
});
