import { ManagementErrorBody, parseWire, ServiceErrorBody } from "@dps-certs/dps-protocol";
import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { makeWorld } from "../testing/world.ts";

describe("a path", () => {
  it.each([
    ["GET", "/nothing", 404],
    ["GET", "/", 404],
    ["GET", "//enrollmentGroups/g", 404],
    ["GET", "/enrollmentGroups/%zz", 400],
    ["GET", "/enrollmentGroups/g#x", 400],
    ["PATCH", "/enrollmentGroups/g", 405],
    ["POST", "/enrollmentGroups/g", 405],
    ["HEAD", "/health", 405],
    ["GET", "/0ne00000000/registrations/x", 405],
    ["GET", `/enrollmentGroups/${"x".repeat(600)}`, 404],
  ])("%s %s is answered %i in the data plane's form", async (method, path, status) => {
    const answer = await makeWorld().send(method, path);
    expect(answer.status).toBe(status);
    if (path === "/health") return;
    const body = parseWire(ServiceErrorBody, answer.body, "an error");
    expect(body.trackingId).toBe(answer.headers["x-ms-request-id"]);
  });

  it.each([
    ["GET", "/subscriptions", 401],
    ["GET", "/subscriptions/a/resourceGroups", 401],
    ["GET", "/subscriptions/a/b", 404],
    ["PUT", "/health", 405],
    ["GET", "/emulator/stop", 405],
  ])("%s %s is answered %i in the management plane's form", async (method, path, status) => {
    const answer = await makeWorld().send(method, path);
    expect(answer.status).toBe(status);
    parseWire(ManagementErrorBody, answer.body, "an error");
  });

  it("may be written in any case, with a slash at its end", async () => {
    const world = makeWorld();
    for (const path of ["/enrollmentgroups/g", "/ENROLLMENTGROUPS/g/", "/enrollmentGroups/g/"]) {
      expect((await world.data("GET", path)).body.errorCode).toBe(404202);
    }
  });

  property.prop([fc.string(), fc.webPath(), fc.uint8Array()], { numRuns: 200 })(
    "never brings the emulator down, whatever it is",
    async (text, path, bytes) => {
      const world = makeWorld();
      for (const target of [text, path, `/enrollmentGroups/${text}`]) {
        for (const method of ["GET", "PUT", "POST", text]) {
          const { status } = await world.send(method, target, {
            body: Buffer.from(bytes).toString("latin1"),
          });
          expect(status).toBeGreaterThanOrEqual(200);
          expect(status).toBeLessThan(500);
        }
      }
    },
  );
});

describe("a body", () => {
  it.each(["", "{", "[]", "null", '"x"', "{}{}", "\u0000"])(
    "of %j is answered 400",
    async (body) => {
      const answer = await makeWorld().data("PUT", "/enrollmentGroups/g", { body });
      expect([answer.status, answer.body.errorCode]).toEqual([400, 400004]);
    },
  );

  it("that is nested too deeply is answered 400", async () => {
    const nested = `${"[".repeat(40_000)}${"]".repeat(40_000)}`;
    const body = `{"enrollmentGroupId":"g","attestation":{"type":"x509"},"x":${nested}}`;
    const answer = await makeWorld().data("PUT", "/enrollmentGroups/g", { body });
    expect([answer.status, answer.body.message]).toEqual([
      400,
      "The body is not a JSON object: it is nested too deeply.",
    ]);
  });

  it("that lacks a member says which", async () => {
    const answer = await makeWorld().data("PUT", "/enrollmentGroups/g", { body: {} });
    expect(answer.body.message).toBe(
      'The body is not an enrollment group: "enrollmentGroupId" must be present.',
    );
  });

  it("that is wrong is not quoted", async () => {
    const secret = "c2VjcmV0LXNlY3JldA==";
    const bodies = [
      `{"key":"${secret}"`,
      { enrollmentGroupId: "g", attestation: { type: secret } },
    ];
    for (const body of bodies) {
      const answer = await makeWorld().data("PUT", "/enrollmentGroups/g", { body });
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer)).not.toContain(secret);
    }
  });
});

describe("an error inside the emulator", () => {
  it("is a 500 with a tracking id, tells the client nothing more, and is told to its owner", async () => {
    const world = makeWorld();
    world.context.store.write((store) => store.put("group/g", "not a group"));
    const answer = await world.data("GET", "/enrollmentGroups/g");
    expect(answer).toMatchObject({
      status: 500,
      body: { errorCode: 500001, message: "Internal Error." },
    });
    expect(Object.keys(answer.body)).toEqual([
      "errorCode",
      "trackingId",
      "message",
      "timestampUtc",
    ]);
    expect(world.errors).toHaveLength(1);
    world.context.store.write((store) => store.put("certificate/c", "not a certificate"));
    const management = await world.certificates("GET", "");
    expect([management.status, management.body.code]).toEqual([500, 500019]);
  });
});

describe("the health of the emulator", () => {
  it("is told to anybody, without a secret", async () => {
    const world = makeWorld();
    const { nonce, idScope, subscriptionId, resourceGroup, dpsName } = world.service;
    expect(idScope).toMatch(/^0ne[0-9A-F]{8}$/);
    expect((await world.send("GET", "/health")).body).toEqual({
      nonce,
      idScope,
      subscriptionId,
      resourceGroup,
      dpsName,
      hostName: "emulated-dps.azure-devices-provisioning.net",
      version: "0.1.0",
    });
  });
});
