import { beforeAll, describe, expect, it } from "vitest";
import { rootCa } from "../testing/pki.ts";
import { askService, codeOf, putRecord } from "../testing/service-plane.ts";
import { type Answer, makeWorld, type World, x509Attestation } from "../testing/world.ts";

const ALL = "SELECT * FROM enrollments";
const query = (world: World, path: string, text: string, headers = {}) =>
  askService(world, "POST", `${path}/query`, { body: { query: text }, headers });
const idsOf = ({ body }: Answer): string[] =>
  body.map((item: Record<string, string>) => item.registrationId ?? item.enrollmentGroupId);
const nextOf = ({ headers }: Answer): string | undefined => headers["x-ms-continuation"];

/** Every page of a query, one after the other. */
async function pages(world: World, path: string, text: string, size?: number): Promise<string[][]> {
  const found: string[][] = [];
  let next: string | undefined;
  do {
    const answer = await query(world, path, text, {
      ...(size === undefined ? {} : { "x-ms-max-item-count": `${size}` }),
      ...(next === undefined ? {} : { "x-ms-continuation": next }),
    });
    expect(answer.status).toBe(200);
    found.push(idsOf(answer));
    next = nextOf(answer);
  } while (next !== undefined);
  return found;
}

let world: World;
/** 150 enrollments, every third of them disabled. */
beforeAll(async () => {
  world = makeWorld();
  for (let n = 0; n < 150; n += 1) {
    await putRecord(world, {
      registrationId: `d${n}`,
      ...{
        attestation: { type: "symmetricKey" },
        provisioningStatus: n % 3 === 0 ? "disabled" : "enabled",
        initialTwin: { tags: { n } },
      },
    });
  }
});

describe("a page", () => {
  it("ends before all of 150 though no number was asked for", async () => {
    const answer = await query(world, "/enrollments", ALL);
    expect(answer.body).toHaveLength(100);
    expect(answer.headers).toMatchObject({
      "x-ms-item-type": "Enrollment",
      "X-Content-Type-Options": "nosniff",
    });
    const found = await pages(world, "/enrollments", ALL);
    expect(found.map(({ length }) => length)).toEqual([100, 50]);
    expect(new Set(found.flat()).size).toBe(150);
  });

  it.each([1, 7, 50, 149, 150, 151, 1_000_000])("of %i at most tells each once", async (size) => {
    const found = await pages(world, "/enrollments", "*", size);
    expect(found.slice(0, -1).every(({ length }) => length === size)).toBe(true);
    expect(found.at(-1)?.length).toBeGreaterThan(0);
    expect(found.flat()).toHaveLength(150);
    expect(new Set(found.flat()).size).toBe(150);
  });

  it("has as many as were asked for, though a condition leaves others out", async () => {
    const text = `${ALL} WHERE provisioningStatus = 'disabled'`;
    const found = await pages(world, "/enrollments", text, 25);
    expect(found.map(({ length }) => length)).toEqual([25, 25]);
    expect(found.flat().every((id) => Number(id.slice(1)) % 3 === 0)).toBe(true);
  });

  it("is empty, and the last, where nothing meets the condition", async () => {
    const text = `${ALL} WHERE attestation.type = 'tpm'`;
    expect(await pages(world, "/enrollments", text)).toEqual([[]]);
    const groups = await query(world, "/enrollmentGroups", ALL);
    expect(groups.body).toEqual([]);
    expect(groups.headers["x-ms-item-type"]).toBe("EnrollmentGroup");
  });
});

describe("a continuation", () => {
  const half = (text = ALL) =>
    query(world, "/enrollments", text, { "x-ms-max-item-count": "10" }).then(
      (answer) => nextOf(answer) ?? "",
    );
  const goOn = (next: string, text = ALL, path = "/enrollments", at = world) =>
    query(at, path, text, { "x-ms-continuation": next });

  it("may go on with another number of items, and with the query written in another way", async () => {
    expect((await goOn(await half())).body).toHaveLength(100);
    expect((await goOn(await half(), "*")).body).toHaveLength(100);
    const where = "select * where provisioningStatus='disabled'";
    const rest = await goOn(await half(`${ALL} WHERE provisioningStatus = "disabled"`), where);
    expect(rest.body).toHaveLength(40);
  });

  it("is of one query alone", async () => {
    const next = await half();
    const disabled = `${ALL} WHERE provisioningStatus = 'disabled'`;
    const enabled = `${ALL} WHERE provisioningStatus = 'enabled'`;
    const refused = [
      await goOn(next, disabled),
      await goOn(await half(disabled), enabled),
      await goOn(await half(disabled)),
      await goOn(next, ALL, "/enrollmentGroups"),
      await goOn(next, ALL, "/enrollments", makeWorld()),
    ];
    for (const answer of refused) expect(codeOf(answer)).toEqual([400, 400004]);
  });

  it("is base64 of JSON like the service's, and cannot be made or changed", async () => {
    const next = await half();
    const [part] = JSON.parse(Buffer.from(next, "base64").toString());
    expect(part.token).toBeTypeOf("string");
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64");
    const forged = [
      { ...part, token: Buffer.from("enrollment/d99").toString("base64url") },
      { ...part, token: Buffer.from("service").toString("base64url") },
      { ...part, proof: part.proof.slice(0, -2) },
      { ...part, proof: "" },
      { token: part.token },
      { ...part, proof: [part.proof] },
    ].map((one) => encode([one]));
    const garbage = ["x", "%%%", encode(null), encode([null]), encode({}), encode([]), encode(7)];
    for (const text of [...forged, ...garbage, encode(part), "A".repeat(10_000)]) {
      expect(codeOf(await goOn(text))).toEqual([400, 400004]);
    }
  });
});

describe("a query of enrollments with WHERE", () => {
  const found = async (path: string, condition: string, at = world) =>
    (await pages(at, path, `SELECT * FROM x WHERE ${condition}`)).flat();

  it.each([
    ["registrationId = 'D7'", ["d7"]],
    ["initialTwin.tags.n < 3", ["d0", "d1", "d2"]],
    ["initialTwin.tags.n >= 148 AND NOT provisioningStatus <> 'enabled'", ["d148", "d149"]],
    ["(registrationId='d1' OR registrationId='d2') AND initialTwin.tags.n > 1", ["d2"]],
    ["attestation.type != 'symmetricKey'", []],
    ["attestation.symmetricKey.primaryKey != null", []],
    ["deviceId != null", []],
  ])("finds by %s", async (condition, ids) => {
    expect(await found("/enrollments", condition)).toEqual(ids);
  });

  it.each([
    ["registrationState.status = 'assigned'"],
    ["enrollmentGroupId = 'g'"],
    ["members.x = 1"],
    ["incarnation = 'x'"],
    ["constructor = 'x'"],
  ])("asks for no %s", async (condition) => {
    const answer = await query(world, "/enrollments", `${ALL} WHERE ${condition}`);
    expect(codeOf(answer)).toEqual([400, 400004]);
  });

  it("finds groups by their certificate, times and id", async () => {
    const start = new Date("2023-05-19T23:10:35Z");
    const own = makeWorld({ start });
    const ca = await rootCa("Root", { now: start });
    await own.group("First", ca, { capabilities: { iotEdge: true } });
    own.forward(60);
    await putRecord(own, {
      enrollmentGroupId: "second",
      ...x509Attestation(await rootCa("Other", { now: start })),
    });
    const info = "attestation.x509.signingCertificates.primary.info";
    const by = (condition: string) => found("/enrollmentGroups", condition, own);
    expect(await by(`${info}.sha256Thumbprint = '${ca.certificate.sha256}'`)).toEqual(["First"]);
    expect(await by(`${info}.subjectName = "CN=Other"`)).toEqual(["second"]);
    expect(await by("createdDateTimeUtc > '2023-05-19T23:10:35.5Z'")).toEqual(["second"]);
    expect(await by("enrollmentGroupId = 'first'")).toEqual(["First"]);
    expect(await by("capabilities.iotEdge = true")).toEqual(["First"]);
    expect(await by("provisioningStatus = 'enabled'")).toEqual(["First", "second"]);
  });
});
