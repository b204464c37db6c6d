import { beforeAll, describe, expect, it } from "vitest";
import { type Identity, issue, peerOf, rootCa, uploadable } from "../testing/pki.ts";
import { askService, codeOf, putRecord } from "../testing/service-plane.ts";
import { type Answer, makeWorld, type World, x509Attestation } from "../testing/world.ts";
import { getGroup, groupsOfCaReference, groupsOfCertificate } from "./group-store.ts";

const KINDS = [
  { path: "/enrollments", record: (id: string) => ({ registrationId: id }) },
  { path: "/enrollmentGroups", record: (id: string) => ({ enrollmentGroupId: id }) },
] as const;
type Kind = (typeof KINDS)[number];
const [INDIVIDUAL, GROUP] = KINDS;

const put = (world: World, kind: Kind, attestation: object, ifMatch?: string) =>
  putRecord(world, { ...kind.record("d"), ...{ attestation } }, ifMatch);
const get = (world: World, kind: Kind) => askService(world, "GET", `${kind.path}/d`);
const mechanism = (world: World, kind: Kind, path: string = kind.path) =>
  askService(world, "POST", `${path}/d/attestationmechanism`);
const queried = async (world: World, kind: Kind) => {
  const body = { query: "SELECT *" };
  return (await askService(world, "POST", `${kind.path}/query`, { body })).body[0];
};
const expectRefused = (answer: Answer, message: RegExp) => {
  expect(codeOf(answer)).toEqual([400, 400004]);
  expect(answer.body.message).toMatch(message);
};

let root: Identity;
let device: Identity;
let other: Identity;
beforeAll(async () => {
  root = await rootCa("Root");
  [device, other] = await Promise.all([issue("device", "d", root), issue("device", "d", root)]);
});

const key = (fill: number, bytes = 32) => Buffer.alloc(bytes, fill).toString("base64");
const symmetric = (primaryKey?: string | null, secondaryKey?: string | null) => ({
  type: "symmetricKey",
  symmetricKey: { primaryKey, secondaryKey },
});

describe.each(KINDS)("symmetric keys under $path", (kind) => {
  it("are drawn where none are sent, and told by PUT and attestationmechanism alone", async () => {
    const world = makeWorld();
    const { body } = await put(world, kind, { type: "symmetricKey" });
    const { primaryKey, secondaryKey } = body.attestation.symmetricKey;
    expect(Buffer.from(primaryKey, "base64")).toHaveLength(64);
    expect(Buffer.from(secondaryKey, "base64")).toHaveLength(64);
    expect(primaryKey).not.toBe(secondaryKey);
    expect((await get(world, kind)).body.attestation).toEqual({ type: "symmetricKey" });
    expect((await queried(world, kind)).attestation).toEqual({ type: "symmetricKey" });
    expect((await mechanism(world, kind)).body).toEqual(body.attestation);
    const lower = await mechanism(world, kind, kind.path.toLowerCase());
    expect(lower.body).toEqual(body.attestation);
  });

  it("are those that were sent, and each may be left out", async () => {
    const world = makeWorld();
    const { body } = await put(world, kind, symmetric(key(1, 16), null));
    expect(body.attestation.symmetricKey.primaryKey).toBe(key(1, 16));
    const drawn = body.attestation.symmetricKey.secondaryKey;
    expect(Buffer.from(drawn, "base64")).toHaveLength(64);
    await put(world, kind, symmetric("", key(2, 64)), "*");
    const kept = (await mechanism(world, kind)).body;
    expect(kept).toEqual(symmetric(key(1, 16), key(2, 64)));
  });

  it("survive a PUT of what was got, which has none", async () => {
    const world = makeWorld();
    const { body: made } = await put(world, kind, { type: "symmetricKey" });
    const { body } = await get(world, kind);
    const again = await putRecord(world, { ...body, provisioningStatus: "disabled" }, body.etag);
    expect(again.body.provisioningStatus).toBe("disabled");
    expect(again.body.attestation).toEqual(made.attestation);
  });

  it("are new ones where the attestation was another in between", async () => {
    const world = makeWorld();
    await put(world, kind, symmetric(key(1), key(2)));
    await world.upload("root", root);
    const x509 = { type: "x509", x509: { caReferences: { primary: "root" } } };
    expect((await put(world, kind, x509, "*")).body.attestation).toEqual(x509);
    const { body } = await put(world, kind, { type: "symmetricKey" }, "*");
    expect(Object.values(body.attestation.symmetricKey)).not.toContain(key(1));
  });

  it.each(["not base64!", "c2hvcnQ=", key(1, 15), key(1, 65), `${key(1)}\n`, key(1).slice(0, -1)])(
    "are refused as %j, which no answer repeats",
    async (bad) => {
      const world = makeWorld();
      for (const sent of [symmetric(bad), symmetric(key(1), bad)]) {
        const answer = await put(world, kind, sent);
        expectRefused(answer, /must be base64 of 16 to 64 bytes/);
        expect(answer.body.message).not.toContain(bad.trim());
      }
      expect((await get(world, kind)).status).toBe(404);
    },
  );
});

describe("attestation by TPM", () => {
  const tpm = { type: "tpm", tpm: { endorsementKey: "AToAAQALAAMAsgAg", storageRootKey: "c3Jr" } };

  it("is a record of an individual enrollment, told as it was sent", async () => {
    const world = makeWorld();
    expect((await put(world, INDIVIDUAL, tpm)).body.attestation).toEqual(tpm);
    expect((await get(world, INDIVIDUAL)).body.attestation).toEqual(tpm);
    expect((await mechanism(world, INDIVIDUAL)).body).toEqual(tpm);
    const { endorsementKey } = tpm.tpm;
    const bare = { type: "tpm", tpm: { endorsementKey, storageRootKey: null } };
    const { body } = await put(world, INDIVIDUAL, bare, "*");
    expect(body.attestation).toEqual({ type: "tpm", tpm: { endorsementKey } });
  });

  it("needs an endorsement key, and is for no group", async () => {
    const world = makeWorld();
    const missing = /endorsementKey/;
    expectRefused(await put(world, INDIVIDUAL, { type: "tpm" }), missing);
    expectRefused(await put(world, INDIVIDUAL, { type: "tpm", tpm: {} }), missing);
    const empty = { type: "tpm", tpm: { endorsementKey: "" } };
    expectRefused(await put(world, INDIVIDUAL, empty), missing);
    expectRefused(await put(world, GROUP, tpm), /group cannot have TPM/);
  });
});

describe.each(KINDS)("attestation by CA reference under $path", (kind) => {
  const references = (primary?: string | null, secondary?: string | null) => ({
    type: "x509",
    x509: { caReferences: { primary, secondary } },
  });

  it("names certificates of the service, verified or not, as the service writes them", async () => {
    const world = makeWorld();
    await world.upload("Root-A", root);
    await world.upload("Root-B", await rootCa("B"), { verified: true });
    const { body } = await put(world, kind, references("root-a", "ROOT-B"));
    expect(body.attestation).toEqual(references("Root-A", "Root-B"));
    expect((await get(world, kind)).body.attestation).toEqual(body.attestation);
    const alone = await put(world, kind, references("Root-B", null), "*");
    expect(alone.body.attestation.x509).toEqual({ caReferences: { primary: "Root-B" } });
  });

  it("needs a primary one, and none that is unknown", async () => {
    const world = makeWorld();
    await world.upload("root", root);
    for (const primary of [undefined, null, ""]) {
      const answer = await put(world, kind, references(primary, "root"));
      expectRefused(answer, /^Primary CA reference cannot be null or empty\.$/);
    }
    expectRefused(await put(world, kind, references("nobody")), /caReferences\.primary names no/);
    const second = await put(world, kind, references("root", "nobody"));
    expectRefused(second, /caReferences\.secondary names no/);
  });

  it("may be PUT again when its certificate is gone", async () => {
    const world = makeWorld();
    const { body: uploaded } = await world.upload("root", root);
    await put(world, kind, references("root"));
    const headers = { "if-match": uploaded.etag };
    expect((await world.certificates("DELETE", "/root", { headers })).status).toBeLessThan(300);
    const { body } = await get(world, kind);
    expect((await putRecord(world, body, body.etag)).status).toBe(200);
    expect(codeOf(await put(world, kind, references("nobody"), "*"))).toEqual([400, 400004]);
  });
});

describe("attestation by certificate", () => {
  const clientOf = (primary: object, secondary?: object | null) => ({
    type: "x509",
    x509: { clientCertificates: { primary, secondary }, signingCertificates: null },
  });
  const certificate = (identity: Identity) => ({ certificate: uploadable(identity), info: null });

  it("answers info in place of an individual enrollment's certificates", async () => {
    const world = makeWorld();
    const { body } = await put(
      world,
      INDIVIDUAL,
      clientOf(certificate(device), certificate(device)),
    );
    const { primary, secondary } = body.attestation.x509.clientCertificates;
    expect(Object.keys(primary)).toEqual(["info"]);
    expect(primary.info).toMatchObject({
      subjectName: "CN=d",
      issuerName: "CN=Root",
      sha256Thumbprint: device.certificate.sha256,
      version: 3,
    });
    expect(secondary).toEqual(primary);
    expect((await mechanism(world, INDIVIDUAL)).body).toEqual(body.attestation);
  });

  it("keeps a certificate through a PUT of its info, in either slot", async () => {
    const world = makeWorld();
    const pair = clientOf(certificate(device), certificate(other));
    const { body } = await put(world, INDIVIDUAL, pair);
    const { primary, secondary } = body.attestation.x509.clientCertificates;
    const swapped = clientOf({ certificate: null, ...secondary }, primary);
    const second = await put(world, INDIVIDUAL, swapped, "*");
    expect(second.body.attestation.x509.clientCertificates).toEqual({
      primary: secondary,
      secondary: primary,
    });
    expect((await world.enroll("d", peerOf(device))).body.status).toBe("assigned");
    const dropped = await put(world, INDIVIDUAL, clientOf(secondary, null), "*");
    expect(dropped.body.attestation.x509.clientCertificates).toEqual({ primary: secondary });
    // What was dropped is forgotten.
    expect(codeOf(await put(world, INDIVIDUAL, clientOf(primary), "*"))).toEqual([400, 400004]);
    expect((await world.register("d", peerOf(device))).status).toBe(401);
    expect((await world.register("d", peerOf(other))).status).toBe(202);
  });

  it("of another enrollment is not had by naming its thumbprint", async () => {
    const world = makeWorld();
    const { body } = await put(world, INDIVIDUAL, clientOf(certificate(device)));
    const stolen = { registrationId: "thief", ...{ attestation: body.attestation } };
    expectRefused(await putRecord(world, stolen), /info is not of one that is there already/);
  });

  it("is of the members that its kind has, and of one way alone", async () => {
    const world = makeWorld();
    await world.upload("root", root);
    const sent = { primary: certificate(root) };
    const x509 = (members: object) => ({ type: "x509", x509: members });
    const signing = await put(world, INDIVIDUAL, x509({ signingCertificates: sent }));
    expectRefused(signing, /x509\.clientCertificates or x509\.caReferences/);
    const caReferences = { primary: "root" };
    const both = x509({ clientCertificates: sent, caReferences });
    expectRefused(await put(world, INDIVIDUAL, both), /exclude each other/);
    const two = x509({ signingCertificates: sent, caReferences });
    expectRefused(await put(world, GROUP, two), /exclude each other/);
    for (const members of [{}, { caReferences: null }, { clientCertificates: {} }]) {
      expectRefused(await put(world, INDIVIDUAL, x509(members)), /clientCertificates.primary is/);
    }
  });

  it("is refused beside keys or a TPM", async () => {
    const world = makeWorld();
    const x509 = clientOf(certificate(device));
    const keys = { symmetricKey: { primaryKey: key(1) } };
    expectRefused(await put(world, INDIVIDUAL, { ...x509, ...keys }), /symmetricKey is there too/);
    const swapped = { ...x509, type: "symmetricKey" };
    expectRefused(await put(world, INDIVIDUAL, swapped), /x509 is there too/);
    const tpm = { ...symmetric(), tpm: { endorsementKey: "x" } };
    expectRefused(await put(world, INDIVIDUAL, tpm), /tpm is there too/);
    expectRefused(await put(world, INDIVIDUAL, { type: "none" }), /lets no device in/);
    expectRefused(await put(world, INDIVIDUAL, { type: "password" }), /attestation\.type/);
  });
});

describe("the limit of groups", () => {
  it("counts X.509 and symmetric keys apart, and a group that changes its kind", async () => {
    const world = makeWorld();
    const { attestation: x509 } = x509Attestation(root);
    const make = (id: string, attestation: object, ifMatch?: string) =>
      putRecord(world, { enrollmentGroupId: id, ...{ attestation } }, ifMatch);
    for (let n = 0; n < 100; n += 1) {
      expect((await make(`s${n}`, { type: "symmetricKey" })).status).toBe(200);
    }
    expectRefused(await make("s100", { type: "symmetricKey" }), /100 symmetric key enrollment/);
    expect((await make("x0", x509)).status).toBe(200);
    expectRefused(await make("x0", { type: "symmetricKey" }, "*"), /100 symmetric key/);
    expect((await make("s0", x509, "*")).status).toBe(200);
    expect((await make("x0", { type: "symmetricKey" }, "*")).status).toBe(200);
  });
});

describe("a group as the version before stored it", () => {
  /** With `signing` beside the other members, and the indices of that time. */
  function storeOld(world: World, ca: Identity) {
    const date = "2023-05-19T23:10:35.77Z";
    const old = {
      enrollmentGroupId: "D",
      incarnation: "IjA1MDA2YmVhIg==",
      signing: { primary: Buffer.from(ca.certificate.der).toString("base64") },
      etag: "IjA1MDA2YmVhIg==",
      provisioningStatus: "enabled",
      createdDateTimeUtc: date,
      lastUpdatedDateTimeUtc: date,
      members: { capabilities: { iotEdge: false } },
    };
    world.context.store.write((store) => {
      store.put("group/d", old);
      store.put(`group-by-certificate/${ca.certificate.sha256}/d`, "D");
    });
    return old;
  }

  it("is answered, found and replaced like any other", async () => {
    const world = makeWorld();
    const old = storeOld(world, root);
    const { status, body } = await get(world, GROUP);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      enrollmentGroupId: "D",
      etag: old.etag,
      createdDateTimeUtc: old.createdDateTimeUtc,
      capabilities: { iotEdge: false },
    });
    const { info } = body.attestation.x509.signingCertificates.primary;
    expect(info.sha256Thumbprint).toBe(root.certificate.sha256);
    expect(await queried(world, GROUP)).toEqual(body);
    const again = await putRecord(world, body, body.etag);
    expect(again.body.attestation).toEqual(body.attestation);
    expect(world.context.store.read((store) => store.get("group/d"))).not.toHaveProperty("signing");
  });

  it("lets its devices in, and no longer once it is deleted", async () => {
    const world = makeWorld();
    storeOld(world, root);
    await world.upload("root", root, { verified: true });
    expect((await world.enroll("d", peerOf(device))).body.status).toBe("assigned");
    await askService(world, "DELETE", "/enrollmentGroups/d");
    expect((await world.register("d", peerOf(device))).status).toBe(401);
    expect(world.context.store.read((store) => store.list("group"))).toEqual([]);
  });
});

describe("the indices of groups", () => {
  it("follow a group from one attestation to the next", async () => {
    const world = makeWorld();
    await world.upload("Root", root);
    const indexed = () =>
      world.context.store.read((store) => ({
        certificate: groupsOfCertificate(store, root.certificate.sha256).length,
        reference: groupsOfCaReference(store, "rOOT").length,
        present: getGroup(store, "D") !== undefined,
      }));
    await put(world, GROUP, x509Attestation(root, root).attestation);
    expect(indexed()).toEqual({ certificate: 1, reference: 0, present: true });
    const references = { caReferences: { primary: "root", secondary: "ROOT" } };
    await put(world, GROUP, { type: "x509", x509: references }, "*");
    expect(indexed()).toEqual({ certificate: 0, reference: 1, present: true });
    await put(world, GROUP, { type: "symmetricKey" }, "*");
    expect(indexed()).toEqual({ certificate: 0, reference: 0, present: true });
  });
});
