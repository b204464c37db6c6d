import { describe, expect, it } from "vitest";
import { mintManagementToken } from "../management/bearer.ts";
import { writeService } from "../provisioning-service.ts";
import { makeWorld, sasToken, type World } from "../testing/world.ts";
import { signToken } from "../tokens/token.ts";
import { grants } from "./authorize.ts";

const OWNER = "ServiceConfig, DeviceConnect, EnrollmentWrite";
const REFUSED = { status: 401, body: { errorCode: 401002 } };

/** Who sends a token of a policy with these rights. */
function withPolicy(rights: string) {
  const world = makeWorld();
  const keyName = "custom";
  const key = Buffer.alloc(32, 7).toString("base64");
  const policy = { keyName, primaryKey: key, secondaryKey: key, rights };
  const service = { ...world.service, policies: [...world.service.policies, policy] };
  world.context.store.write((store) => writeService(store, service));
  const expiresAt = new Date(world.context.now().getTime() + 60_000);
  const authorization = sasToken(service, { policy: keyName, key, expiresAt });
  return (method: string, path: string) =>
    world.send(method, `${path}?api-version=2021-10-01`, {
      headers: { authorization },
      body: { query: "SELECT *" },
    });
}

const OPERATIONS = [
  ["GET", "/enrollmentGroups/g", "EnrollmentRead"],
  ["POST", "/enrollmentGroups/query", "EnrollmentRead"],
  ["PUT", "/enrollmentGroups/g", "EnrollmentWrite"],
  ["DELETE", "/enrollmentGroups/g", "EnrollmentWrite"],
  ["POST", "/enrollmentGroups", "EnrollmentWrite"],
  ["POST", "/enrollmentgroups/g/attestationmechanism", "EnrollmentWrite"],
  ["GET", "/enrollments/d", "EnrollmentRead"],
  ["POST", "/enrollments/query", "EnrollmentRead"],
  ["PUT", "/enrollments/d", "EnrollmentWrite"],
  ["DELETE", "/enrollments/d", "EnrollmentWrite"],
  ["POST", "/enrollments/", "EnrollmentWrite"],
  ["POST", "/enrollments/d/attestationmechanism", "EnrollmentWrite"],
  ["GET", "/registrations/d", "RegistrationStatusRead"],
  ["POST", "/registrations/g/query", "RegistrationStatusRead"],
  ["DELETE", "/registrations/d", "RegistrationStatusWrite"],
] as const;

describe("a shared access policy", () => {
  it.each(OPERATIONS)("may %s %s with the right %s alone", async (method, path, right) => {
    expect((await withPolicy(right)(method, path)).status).not.toBe(401);
    expect((await withPolicy(OWNER)(method, path)).status).not.toBe(401);
    for (const other of ["ServiceConfig", "DeviceConnect", "ServiceConfig, EnrollmentReader"]) {
      const answer = await withPolicy(other)(method, path);
      expect(answer).toMatchObject(REFUSED);
      expect(answer.body.message).toBe(`Unauthorized. The policy lacks the right ${right}.`);
    }
  });

  it.each(OPERATIONS)("of reading alone may not %s %s unless it reads", async (...operation) => {
    const [method, path, right] = operation;
    const plane = right.startsWith("Enrollment") ? "Enrollment" : "RegistrationStatus";
    const { status } = await withPolicy(`${plane}Read`)(method, path);
    expect(status === 401).toBe(right.endsWith("Write"));
  });

  it("that may write may read, and not the other way round", () => {
    expect(grants("EnrollmentWrite", "EnrollmentRead")).toBe(true);
    expect(grants("RegistrationStatusWrite", "RegistrationStatusRead")).toBe(true);
    expect(grants("EnrollmentRead", "EnrollmentWrite")).toBe(false);
    expect(grants("RegistrationStatusRead", "RegistrationStatusWrite")).toBe(false);
  });

  it("of enrollments says nothing of registrations, and not the other way round", () => {
    expect(grants("EnrollmentWrite", "RegistrationStatusRead")).toBe(false);
    expect(grants("RegistrationStatusWrite", "EnrollmentRead")).toBe(false);
    expect(grants("EnrollmentRead,RegistrationStatusRead", "RegistrationStatusRead")).toBe(true);
  });
});

describe("a bearer token at the service data plane", () => {
  const AUDIENCE = "https://azure-devices-provisioning.net";
  const get = (world: World, token: string) =>
    world.send("GET", "/enrollmentGroups/g", { headers: { authorization: `Bearer ${token}` } });
  const sign = (world: World, audience: string, lifetimeSeconds = 60) =>
    signToken(world.service, world.context.now(), { audience, lifetimeSeconds });

  it.each([AUDIENCE, `${AUDIENCE}/`])("passes for %s, until it ends", async (audience) => {
    const world = makeWorld();
    const token = await sign(world, audience);
    expect((await get(world, token)).status).toBe(404);
    world.forward(61);
    expect(await get(world, token)).toMatchObject(REFUSED);
  });

  it("is refused when it is for the management plane, or for somebody else", async () => {
    const world = makeWorld();
    const management = await mintManagementToken(world.service, world.context.now());
    expect(await get(world, management)).toMatchObject(REFUSED);
    const other = await sign(world, "https://azure-devices-provisioning.net.evil.example");
    expect(await get(world, other)).toMatchObject(REFUSED);
    for (const token of ["x", "a.b.c", ".."])
      expect(await get(world, token)).toMatchObject(REFUSED);
  });

  it("is refused when another state signed it", async () => {
    const [world, other] = [makeWorld(), makeWorld()];
    expect(await get(world, await sign(other, AUDIENCE))).toMatchObject(REFUSED);
  });

  it("is refused with alg none", async () => {
    const world = makeWorld();
    const [, claims] = (await sign(world, AUDIENCE)).split(".");
    const header = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    expect(await get(world, `${header}.${claims}.`)).toMatchObject(REFUSED);
  });

  it("is not taken by the management plane", async () => {
    const world = makeWorld();
    const authorization = `Bearer ${await sign(world, AUDIENCE)}`;
    const path = "/subscriptions?api-version=2022-12-01";
    expect((await world.send("GET", path, { headers: { authorization } })).status).toBe(401);
  });
});
