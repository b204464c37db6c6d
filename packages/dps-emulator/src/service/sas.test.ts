import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { mintManagementToken } from "../management/bearer.ts";
import vectors from "../testing/sas-vectors.json" with { type: "json" };
import { makeWorld, PORT, type Send, sasToken, type World } from "../testing/world.ts";
import { coversRequest, isSignedBy, parseSasToken } from "./sas.ts";

describe("the signature of a SAS token", () => {
  it.each(vectors.tokens)("over the literal $sr is the known one", ({ sr, sig }) => {
    const text = `SharedAccessSignature sr=${sr}&sig=${sig}&se=${vectors.se}&skn=policy`;
    const token = parseSasToken(text);
    expect(token && isSignedBy(token, [vectors.key])).toBe(true);
    // The same resource, written in another way, has another signature.
    const other = sr.includes("%2F") ? decodeURIComponent(sr) : encodeURIComponent(`${sr}/`);
    expect(token && isSignedBy({ ...token, sr: other }, [vectors.key])).toBe(false);
  });
});

describe("a request of the service data plane", () => {
  const path = "/enrollmentGroups/g?api-version=2021-10-01";
  const get = (world: World, authorization: string, send: Send & { path?: string } = {}) =>
    world.send("GET", send.path ?? path, { headers: { authorization, ...send.headers } });
  const until = (world: World, seconds: number) =>
    new Date(world.context.now().getTime() + seconds * 1000);
  const makeSigned = (options: Partial<Parameters<typeof sasToken>[1]> = {}) => {
    const world = makeWorld();
    return { world, token: sasToken(world.service, { expiresAt: until(world, 60), ...options }) };
  };
  const REFUSED = { status: 401, body: { errorCode: 401002, message: "Unauthorized" } };

  it("passes with either key, until the token expires", async () => {
    const { world, token } = makeSigned();
    const key = world.service.policies[0]?.secondaryKey ?? "";
    expect((await get(world, token)).status).toBe(404);
    const secondary = sasToken(world.service, { key, expiresAt: until(world, 60) });
    expect((await get(world, secondary)).status).toBe(404);
    world.at(new Date(Math.floor(until(world, 60).getTime() / 1000) * 1000));
    expect(await get(world, token)).toMatchObject(REFUSED);
  });

  it("is refused with a forged signature", async () => {
    const { world, token } = makeSigned();
    const other = sasToken(world.service, {
      key: Buffer.alloc(32).toString("base64"),
      expiresAt: until(world, 60),
    });
    expect(await get(world, other)).toMatchObject(REFUSED);
    expect(await get(world, token.replace(/se=(\d+)/, "se=9$1"))).toMatchObject(REFUSED);
    expect(await get(world, token.replace(/sig=[^&]+/, "sig="))).toMatchObject(REFUSED);
    expect(await get(world, token.replace(/sig=[^&]+/, "sig=AAAA"))).toMatchObject(REFUSED);
  });

  it("is refused for an unknown policy, and without one", async () => {
    for (const policy of ["other", ""]) {
      const { world, token } = makeSigned({ policy });
      expect(await get(world, token)).toMatchObject(REFUSED);
    }
  });

  it("is refused when a field stands twice, or the token is none", async () => {
    const { world, token } = makeSigned();
    const duplicates = ["&sr=x", "&se=9999999999", "&sig=x", "&skn=provisioningserviceowner"];
    for (const more of duplicates) {
      expect(await get(world, token + more)).toMatchObject(REFUSED);
    }
    const none = ["", "SharedAccessSignature", "Bearer x", token.replace("sig=", "sig=%")];
    for (const text of none) expect(await get(world, text)).toMatchObject(REFUSED);
  });

  it.each([
    "other.azure-devices-provisioning.net",
    "emulated-dps.azure-devices-provisioning.net.evil.example",
    "emulated-dps.azure-devices-provisioning.net%2FenrollmentGroups%2Fother",
    "emulated-dps.azure-devices-provisioning.net%2FenrollmentGroup",
    "emulated-dps.azure-devices-provisioning.net%2FenrollmentGroups%2Fg%2Fx",
    "emulated-dps.azure-devices-provisioning.net%252FenrollmentGroups",
    "",
    "localhost%3A1",
  ])("is refused with a token for %s", async (resource) => {
    const { world, token } = makeSigned({ resource });
    expect(await get(world, token)).toMatchObject(REFUSED);
  });

  it.each([
    "emulated-dps.azure-devices-provisioning.net",
    "EMULATED-DPS.azure-devices-provisioning.net",
    "emulated-dps.azure-devices-provisioning.net%2FenrollmentGroups",
    "emulated-dps.azure-devices-provisioning.net/enrollmentgroups/G",
    "localhost",
    `localhost%3A${PORT}`,
    `localhost:${PORT}/`,
  ])("passes with a token for %s", async (resource) => {
    const { world, token } = makeSigned({ resource });
    expect((await get(world, token)).status).toBe(404);
  });

  it("takes a loopback name only from whoever called the emulator by it", async () => {
    const { world, token } = makeSigned({ resource: "localhost" });
    const headers = { host: "emulated-dps.azure-devices-provisioning.net" };
    expect(await get(world, token, { headers })).toMatchObject(REFUSED);
    const ip = sasToken(world.service, { resource: "127.0.0.1", expiresAt: until(world, 60) });
    expect((await get(world, ip, { headers: { host: "127.0.0.1" } })).status).toBe(404);
    const foreign = sasToken(world.service, {
      resource: "evil.example",
      expiresAt: until(world, 60),
    });
    expect(await get(world, foreign, { headers: { host: "evil.example" } })).toMatchObject(REFUSED);
  });

  it("is refused with the bearer token of the management plane", async () => {
    const world = makeWorld();
    const token = await mintManagementToken(world.service, world.context.now());
    expect(await get(world, `Bearer ${token}`)).toMatchObject(REFUSED);
  });
});

describe("the resource of a SAS token", () => {
  const segment = fc.stringMatching(/^[A-Za-z0-9._:%-]{1,8}$/);
  const covers = (resource: string, path: string) =>
    coversRequest(resource, { path, headers: {}, localPort: 1 }, "h");

  test.prop([fc.array(segment, { maxLength: 4 }), fc.nat({ max: 4 })])(
    "covers a path exactly when it is a prefix of its segments",
    (segments, kept) => {
      const path = `/${segments.map(encodeURIComponent).join("/")}`;
      const prefix = ["h", ...segments.slice(0, kept)].join("/");
      expect(covers(encodeURIComponent(prefix), path)).toBe(true);
      const beside = ["h", ...segments.slice(0, kept), "~"].join("/");
      expect(covers(encodeURIComponent(beside), path)).toBe(false);
    },
  );

  it("never splits a segment at a slash that was encoded inside it", () => {
    expect(covers("h/a/b", "/a%2Fb")).toBe(false);
    expect(covers("h%2Fa%252Fb", "/a/b")).toBe(false);
    expect(covers("h%2Fa%252Fb", "/a%252Fb")).toBe(true);
  });

  test.prop([fc.string()])("never throws on a header", (text) => {
    parseSasToken(`SharedAccessSignature ${text}`);
    covers(text, text);
  });
});
