import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { writeService } from "../provisioning-service.ts";
import { type Device, deviceOf, deviceToken, refusalOf, UNAUTHORIZED } from "../testing/device.ts";
import { issue, peerOf, rootCa } from "../testing/pki.ts";
import vectors from "../testing/sas-vectors.json" with { type: "json" };
import { type Answer, makeWorld, type World } from "../testing/world.ts";

const KEY = vectors.key;
const OTHER_KEY = Buffer.alloc(32, 1).toString("base64");
/** From the known answers for a group's key and `dev-1`. */
const DERIVED = "OMh199of2VbMZydm9WzziAMshZm/6i8BTTfCPw6adZM=";

const symmetricKey = (primaryKey: string, secondaryKey = OTHER_KEY) => ({
  attestation: { type: "symmetricKey", symmetricKey: { primaryKey, secondaryKey } },
});
const putGroup = (world: World, id: string, members: object) =>
  world.data("PUT", `/enrollmentGroups/${id}`, { body: { enrollmentGroupId: id, ...members } });
const putEnrollment = (world: World, id: string, members: object) =>
  world.data("PUT", `/enrollments/${id}`, { body: { registrationId: id, ...members } });

interface Token {
  key?: string;
  sr?: string;
  rest?: string;
  /** Seconds from now. */
  lifetime?: number;
}

/** A device with a good token, save for what `token` says. */
function withToken(world: World, id: string, token: Token = {}): Device {
  const { key = KEY, rest, lifetime = 60 } = token;
  const { sr = `${world.service.idScope}%2Fregistrations%2F${id}` } = token;
  const expiresAt = new Date(world.context.now().getTime() + lifetime * 1000);
  return deviceOf(world, id, {
    token: deviceToken({ sr, key, expiresAt, ...(rest === undefined ? {} : { rest }) }),
  });
}

const statusOf = async (answer: Promise<Answer>) => (await answer).status;

describe("a symmetric key of an individual enrollment", () => {
  it("lets its device in, primary and secondary, and no other key does", async () => {
    const world = makeWorld();
    await putEnrollment(world, "dev-1", symmetricKey(KEY));
    for (const key of [KEY, OTHER_KEY]) {
      const { status, body } = await withToken(world, "dev-1", { key }).enroll();
      expect([status, body.status]).toEqual([200, "assigned"]);
      expect(body.registrationState).not.toHaveProperty("x509");
    }
    const stranger = withToken(world, "dev-1", { key: DERIVED });
    expect(refusalOf(await stranger.register())).toEqual(UNAUTHORIZED);
    expect(refusalOf(await withToken(world, "dev-2").register())).toEqual(UNAUTHORIZED);
  });

  it("may be for an id that is longer than a common name", async () => {
    const world = makeWorld();
    const id = "d".repeat(128);
    await putEnrollment(world, id, symmetricKey(KEY));
    expect(await statusOf(withToken(world, id).register())).toBe(202);
  });

  it("is asked for again by every poll and by the look-up", async () => {
    const world = makeWorld();
    await putEnrollment(world, "dev-1", symmetricKey(KEY));
    const device = withToken(world, "dev-1");
    const { operationId } = (await device.register()).body;
    world.forward(3);
    for (const other of [
      deviceOf(world, "dev-1", {}),
      withToken(world, "dev-1", { lifetime: 0 }),
    ]) {
      expect(refusalOf(await other.poll(operationId))).toEqual(UNAUTHORIZED);
      expect(refusalOf(await other.lookUp())).toEqual(UNAUTHORIZED);
    }
    expect((await device.poll(operationId)).body.status).toBe("assigned");
    expect((await device.lookUp()).body).toMatchObject({ deviceId: "dev-1", status: "assigned" });
  });

  it.each(vectors.tokens.slice(1))(
    "signs the literal resource $sr, as known answers have it",
    async ({ sr, sig }) => {
      const world = makeWorld({ start: new Date((vectors.se - 1) * 1000) });
      const service = { ...world.service, idScope: "0ne00000012" };
      world.context.store.write((store) => writeService(store, service));
      await putEnrollment(world, "dev-1", symmetricKey(KEY));
      const token = `SharedAccessSignature sr=${sr}&sig=${sig}&se=${vectors.se}&skn=registration`;
      const device = deviceOf({ ...world, service }, "dev-1", { token });
      expect(await statusOf(device.register())).toBe(202);
      world.forward(1);
      expect(refusalOf(await device.register())).toEqual(UNAUTHORIZED);
    },
  );
});

describe("the token of a device", () => {
  async function enrolled() {
    const world = makeWorld();
    await putEnrollment(world, "dev-1", symmetricKey(KEY));
    await putEnrollment(world, "k-1", symmetricKey(KEY));
    return { world, scope: world.service.idScope };
  }

  it("names the policy of registration, or none", async () => {
    const { world } = await enrolled();
    expect(await statusOf(withToken(world, "dev-1", { rest: "" }).register())).toBe(202);
    for (const rest of ["&skn=provisioningserviceowner", "&skn=Registration", "&skn=%zz"]) {
      expect(refusalOf(await withToken(world, "dev-1", { rest }).register())).toEqual(UNAUTHORIZED);
    }
  });

  it("ends at its time, to the second", async () => {
    const { world } = await enrolled();
    const device = withToken(world, "dev-1", { lifetime: 60 });
    world.at(new Date(Math.floor(world.context.now().getTime() / 1000) * 1000 + 59_999));
    expect(await statusOf(device.register())).toBe(202);
    world.forward(0.001);
    expect(refusalOf(await device.register())).toEqual(UNAUTHORIZED);
  });

  it("is for the device itself, whose id ignores case", async () => {
    const { world, scope } = await enrolled();
    const resource = (sr: string) => withToken(world, "dev-1", { sr }).register();
    for (const sr of [
      `${scope}/registrations/dev-1`,
      `${scope}%2fregistrations%2fDEV-1`,
      `${scope.toLowerCase()}%2Fregistrations%2Fdev-1`,
    ]) {
      expect(await statusOf(resource(sr))).toBe(202);
    }
    for (const sr of [
      `${scope}%2Fregistrations%2Fdev-2`,
      `${scope}%2Fregistrations`,
      `${scope}%2Fregistrations%2F`,
      `${scope}%2Fregistrations%2Fdev-1%2Fregister`,
      `${scope}%2Fregistrations%2Fdev-1%2F`,
      `${scope}%252Fregistrations%252Fdev-1`,
      `0ne00000000%2Fregistrations%2Fdev-1`,
      `${scope}%2Fenrollments%2Fdev-1`,
      "emulated-dps.azure-devices-provisioning.net",
      "%",
    ]) {
      expect(refusalOf(await resource(sr)), sr).toEqual(UNAUTHORIZED);
    }
    // U+212A folds to "k" where ASCII does not end it.
    const kelvin = { sr: `${scope}%2Fregistrations%2F%E2%84%AA-1` };
    expect(refusalOf(await withToken(world, "k-1", kelvin).register())).toEqual(UNAUTHORIZED);
  });

  it("is a token: nothing else in its place is looked past", async () => {
    const { world, scope } = await enrolled();
    const sr = `${scope}/registrations/dev-1`;
    const expiresAt = new Date(world.context.now().getTime() + 60_000);
    const good = deviceToken({ sr, key: KEY, expiresAt });
    const bad = [
      "",
      "Bearer x",
      good.replace("sig=", "sig=A"),
      good.replace(/sig=[^&]*/, "sig="),
      good.replace(/&se=\d+/, "&se=9999999999"),
      good.replace(/&se=\d+/, ""),
      `${good}&se=9999999999`,
      `${good}&sr=${sr}`,
    ];
    for (const token of bad) {
      expect(refusalOf(await deviceOf(world, "dev-1", { token }).register()), token).toEqual(
        UNAUTHORIZED,
      );
    }
    expect(await statusOf(deviceOf(world, "dev-1", { token: good }).register())).toBe(202);
  });

  const part = fc.oneof(
    fc.string(),
    fc.constantFrom("SharedAccessSignature ", "sr=", "&", "%", "="),
  );
  test.prop([fc.array(part, { maxLength: 12 })])("of any other text is refused", async (parts) => {
    const { world } = await enrolled();
    const answer = await deviceOf(world, "dev-1", { token: parts.join("") }).register();
    expect(refusalOf(answer)).toEqual(UNAUTHORIZED);
  });

  it("decides, whatever certificate comes with it", async () => {
    const { world } = await enrolled();
    const root = await rootCa("Root");
    await world.upload("root", root, { verified: true });
    await world.group("g", root);
    const peer = peerOf(await issue("device", "dev-9", root));
    expect(await statusOf(deviceOf(world, "dev-9", { peer }).register())).toBe(202);
    const both = deviceOf(world, "dev-9", { peer, token: "SharedAccessSignature sr=x" });
    expect(refusalOf(await both.register())).toEqual(UNAUTHORIZED);
  });
});

describe("a symmetric key of a group", () => {
  it("lets in a device whose key is derived from it and the registration id", async () => {
    const world = makeWorld();
    await putGroup(world, "g", symmetricKey(KEY));
    const { status, body } = await withToken(world, "dev-1", { key: DERIVED }).enroll();
    expect([status, body.registrationState.deviceId]).toEqual([200, "dev-1"]);
    expect(body.registrationState).not.toHaveProperty("x509");
    const members = await world.data("POST", "/registrations/g/query");
    expect(members.body).toHaveLength(1);
  });

  it("counts as primary and as secondary, in every group", async () => {
    const world = makeWorld();
    await putGroup(world, "a", symmetricKey(Buffer.alloc(32, 2).toString("base64")));
    await putGroup(world, "b", symmetricKey(Buffer.alloc(32, 3).toString("base64"), KEY));
    await withToken(world, "dev-1", { key: DERIVED }).enroll();
    expect((await world.data("POST", "/registrations/b/query")).body).toHaveLength(1);
  });

  it("is derived for the id as the device writes it, or in lower case", async () => {
    const world = makeWorld();
    await putGroup(world, "g", symmetricKey(KEY));
    expect(await statusOf(withToken(world, "DEV-1", { key: DERIVED }).register())).toBe(202);
    // HMAC-SHA256 of "Dev-1", by the openssl command.
    const key = "384QGjlgBeNK5MlolcUWjGMocTa8MuX12V9maJzQUHw=";
    expect(await statusOf(withToken(world, "Dev-1", { key }).register())).toBe(202);
    expect(refusalOf(await withToken(world, "dev-1", { key }).register())).toEqual(UNAUTHORIZED);
  });

  it("opens nothing itself, nor does the derived key of another device", async () => {
    const world = makeWorld();
    await putGroup(world, "g", symmetricKey(KEY));
    expect(refusalOf(await withToken(world, "dev-1", { key: KEY }).register())).toEqual(
      UNAUTHORIZED,
    );
    const other = withToken(world, "dev-2", { key: DERIVED });
    expect(refusalOf(await other.register())).toEqual(UNAUTHORIZED);
  });

  it("of a disabled group lets the device in, and the registration ends as disabled", async () => {
    const world = makeWorld();
    await putGroup(world, "g", { ...symmetricKey(KEY), provisioningStatus: "disabled" });
    const { body } = await withToken(world, "dev-1", { key: DERIVED }).enroll();
    expect(body).toMatchObject({ status: "disabled", registrationState: { status: "disabled" } });
  });

  it("opens nothing for a device that has an individual enrollment", async () => {
    const world = makeWorld();
    await putGroup(world, "g", symmetricKey(KEY));
    const device = () => withToken(world, "dev-1", { key: DERIVED });
    await putEnrollment(world, "DEV-1", symmetricKey(OTHER_KEY));
    expect(refusalOf(await device().register())).toEqual(UNAUTHORIZED);
    await world.data("DELETE", "/enrollments/dev-1");
    expect(await statusOf(device().register())).toBe(202);
  });
});
