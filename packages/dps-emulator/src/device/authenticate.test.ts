import { generateKeyPair } from "@dps-certs/ca-tools";
import { describe, expect, it } from "vitest";
import { opensslChain } from "../testing/openssl.ts";
import { certify, type Identity, issue, peerOf, rootCa } from "../testing/pki.ts";
import { type Answer, makeWorld, type World, x509Attestation } from "../testing/world.ts";

const NOT_FOUND = { status: 401, errorCode: 401002, message: "CA certificate not found." };
const INVALID = { status: 401, errorCode: 401002, message: "Invalid certificate." };
const UNAUTHORIZED = { status: 401, errorCode: 401002, message: "Unauthorized" };

const refusal = ({ status, body }: Answer) => ({
  status,
  errorCode: body.errorCode,
  message: body.message,
});

/** R → I1 → I2, a stranger's root, and a service that knows nothing yet. */
async function makeChain(): Promise<{
  world: World;
  root: Identity;
  one: Identity;
  two: Identity;
  stranger: Identity;
}> {
  const world = makeWorld();
  const root = await rootCa("Root");
  const one = await issue("intermediate", "Intermediate 1", root);
  const two = await issue("intermediate", "Intermediate 2", one);
  return { world, root, one, two, stranger: await rootCa("Stranger") };
}

describe("the chain of a device", () => {
  it("is a leaf alone where the group is on the verified root that signed it", async () => {
    const { world, root } = await makeChain();
    await world.upload("root", root);
    await world.prove("root", root);
    await world.group("g", root);
    const answer = await world.enroll("dev-1", peerOf(await issue("device", "dev-1", root)));
    expect(answer).toMatchObject({ status: 200, body: { status: "assigned" } });
  });

  it("has every intermediate below the verified root, and the root itself may be left out", async () => {
    const { world, root, one, two } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.group("g", two);
    const leaf = await issue("device", "dev-1", two);
    const answer = await world.enroll("dev-1", peerOf(leaf, two, one));
    expect(answer.body.status).toBe("assigned");
    // The order in which the certificates were sent does not matter.
    expect((await world.enroll("dev-1", peerOf(leaf, one, two))).body.status).toBe("assigned");
  });

  it("is refused with a gap below the verified CA", async () => {
    const { world, root, two } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.group("g", two);
    const leaf = await issue("device", "dev-1", two);
    expect(refusal(await world.register("dev-1", peerOf(leaf, two)))).toEqual(NOT_FOUND);
  });

  it("may bring along what is no certificate at all", async () => {
    const { world, root, one } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.group("g", one);
    const { leaf, presented } = peerOf(await issue("device", "dev-1", one), one);
    const peer = { leaf, presented: [Buffer.from("garbage"), ...presented] };
    expect((await world.register("dev-1", peer)).status).toBe(202);
  });

  it("is refused when a leaf comes without its intermediate", async () => {
    const { world, root, one } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.group("on-root", root);
    await world.group("on-intermediate", one);
    const leaf = await issue("device", "dev-1", one);
    expect(refusal(await world.register("dev-1", peerOf(leaf)))).toEqual(NOT_FOUND);
    expect((await world.register("dev-1", peerOf(leaf, one))).status).toBe(202);
  });

  it("is a leaf alone where the intermediate itself is verified", async () => {
    const { world, one } = await makeChain();
    await world.upload("intermediate", one, { verified: true });
    await world.group("g", one);
    const leaf = await issue("device", "dev-1", one);
    expect((await world.enroll("dev-1", peerOf(leaf))).body.status).toBe("assigned");
  });

  it("is refused while the uploaded root is unverified, though the group could be made", async () => {
    const { world, root, one } = await makeChain();
    await world.upload("root", root);
    expect((await world.group("g", one)).status).toBe(200);
    const leaf = await issue("device", "dev-1", one);
    expect(refusal(await world.register("dev-1", peerOf(leaf, one)))).toEqual(NOT_FOUND);
    expect(refusal(await world.register("dev-1", peerOf(leaf, one, root)))).toEqual(NOT_FOUND);
    await world.prove("root", root);
    expect((await world.register("dev-1", peerOf(leaf, one))).status).toBe(202);
  });

  it("is refused when the verified CA stands below the group's certificate", async () => {
    const { world, root, one } = await makeChain();
    await world.upload("intermediate", one, { verified: true });
    await world.group("on-root", root);
    const leaf = await issue("device", "dev-1", one);
    expect(refusal(await world.register("dev-1", peerOf(leaf, one, root)))).toEqual(NOT_FOUND);
  });

  it("is refused when no group is about it", async () => {
    const { world, root, one } = await makeChain();
    await world.upload("root", root, { verified: true });
    const leaf = await issue("device", "dev-1", one);
    expect(refusal(await world.register("dev-1", peerOf(leaf, one)))).toEqual(NOT_FOUND);
  });

  it("belongs to the nearest issuer's group", async () => {
    const { world, root, one } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.group("far", root);
    await world.group("near", one);
    const leaf = await issue("device", "dev-1", one);
    await world.enroll("dev-1", peerOf(leaf, one));
    const list = async (group: string) =>
      (await world.data("POST", `/registrations/${group}/query`)).body.length;
    expect([await list("near"), await list("far")]).toEqual([1, 0]);
  });

  it("stops at a disabled nearer group and does not fall through to an enabled one", async () => {
    const { world, root, one } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.group("far", root);
    await world.group("near", one, { provisioningStatus: "disabled" });
    const leaf = await issue("device", "dev-1", one);
    expect((await world.enroll("dev-1", peerOf(leaf, one))).body.status).toBe("disabled");
  });

  it("belongs to the nearest group of all its paths, though another path is found first", async () => {
    const { world, root, stranger } = await makeChain();
    const keys = await generateKeyPair();
    const crossSigned = (issuer: Identity) => certify("intermediate", "Crossed", keys, issuer);
    const [one, two] = [await crossSigned(root), await crossSigned(stranger)];
    await world.upload("root", root, { verified: true });
    await world.upload("stranger", stranger, { verified: true });
    await world.group("far", root);
    const peer = peerOf(await issue("device", "dev-1", one), one, two);
    expect((await world.enroll("dev-1", peer)).body.status).toBe("assigned");
    await world.group("near", two, { provisioningStatus: "disabled" });
    expect((await world.enroll("dev-1", peer)).body.status).toBe("disabled");
  });

  it("has an issuer: a group's own certificate is none of its devices", async () => {
    const world = makeWorld();
    const own = await rootCa("dev-1");
    await world.upload("own", own, { verified: true });
    await world.group("g", own);
    expect(refusal(await world.register("dev-1", peerOf(own)))).toEqual(NOT_FOUND);
    expect(refusal(await world.register("dev-1", peerOf(own, own)))).toEqual(NOT_FOUND);
  });

  it("may end in the secondary certificate of a group", async () => {
    const { world, root, one, two } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.data("PUT", "/enrollmentGroups/g", {
      body: { enrollmentGroupId: "g", ...x509Attestation(one, two) },
    });
    const leaf = await issue("device", "dev-1", two);
    expect((await world.enroll("dev-1", peerOf(leaf, two, one))).body.status).toBe("assigned");
  });

  it("is a stranger's when it has our names and another key", async () => {
    const { world, root, one } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.group("g", one);
    const falseRoot = await rootCa("Root");
    const falseOne = await issue("intermediate", "Intermediate 1", falseRoot);
    const leaf = await issue("device", "dev-1", falseOne);
    for (const chain of [[falseOne, falseRoot], [one], [one, root], [falseOne]]) {
      expect(refusal(await world.register("dev-1", peerOf(leaf, ...chain)))).toEqual(NOT_FOUND);
    }
  });

  it("is refused when it leads to a stranger", async () => {
    const { world, root, stranger } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.group("g", root);
    const leaf = await issue("device", "dev-1", stranger);
    expect(refusal(await world.register("dev-1", peerOf(leaf, stranger)))).toEqual(NOT_FOUND);
  });

  it("counts dates: of the leaf, of an intermediate and of the verified CA", async () => {
    const world = makeWorld();
    const root = await rootCa("Root", { days: 30 });
    const one = await issue("intermediate", "Intermediate", root, { days: 20 });
    const leaf = await issue("device", "dev-1", one, { days: 10 });
    const longLeaf = await issue("device", "dev-1", one, { days: 60 });
    await world.upload("root", root, { verified: true });
    await world.group("g", one);
    const DAY = 24 * 60 * 60;
    world.forward(11 * DAY);
    expect(refusal(await world.register("dev-1", peerOf(leaf, one)))).toEqual(INVALID);
    expect((await world.register("dev-1", peerOf(longLeaf, one))).status).toBe(202);
    world.forward(10 * DAY);
    expect(refusal(await world.register("dev-1", peerOf(longLeaf, one)))).toEqual(INVALID);
    await world.group("on-root", root);
    const direct = await issue("device", "dev-2", root, { days: 60 });
    expect((await world.register("dev-2", peerOf(direct))).status).toBe(202);
    world.forward(10 * DAY);
    expect(refusal(await world.register("dev-2", peerOf(direct)))).toEqual(INVALID);
  });
});

describe("the leaf of a device", () => {
  it("has the registration id as its common name, in any case of letters", async () => {
    const { world, root } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.group("g", root);
    const leaf = peerOf(await issue("device", "Dev-1", root));
    expect((await world.register("dev-1", leaf)).status).toBe(202);
    expect(refusal(await world.register("dev-2", leaf))).toEqual(INVALID);
  });

  it.each(["/CN=dev-1/CN=dev-2", "/O=dev-1"])("is refused with the subject %s", async (subject) => {
    const { ca, leaf } = opensslChain({ leafSubject: subject });
    const world = makeWorld();
    await world.upload("root", { certificate: ca }, { verified: true });
    await world.group("g", { certificate: ca });
    for (const id of ["dev-1", "dev-2"]) {
      expect(refusal(await world.register(id, { leaf, presented: [] }))).toEqual(INVALID);
    }
  });

  it("may act as a TLS client, if it says what it may do", async () => {
    const { world, root } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.group("g", root);
    const server = peerOf(await issue("server", "dev-1", root));
    expect(refusal(await world.register("dev-1", server))).toEqual(INVALID);
  });

  it("must be there, and be a certificate", async () => {
    const { world } = await makeChain();
    expect(refusal(await world.register("dev-1", undefined))).toEqual(UNAUTHORIZED);
    const garbage = { leaf: Buffer.from("garbage"), presented: [] };
    expect(refusal(await world.register("dev-1", garbage))).toEqual(INVALID);
  });

  it("is refused in another ID scope, and for an id that breaks the rule", async () => {
    const { world, root } = await makeChain();
    await world.upload("root", root, { verified: true });
    await world.group("g", root);
    const peer = peerOf(await issue("device", "dev-1", root));
    const elsewhere = await world.send("PUT", "/0ne00000000/registrations/dev-1/register", {
      peer,
    });
    expect(refusal(elsewhere)).toEqual(UNAUTHORIZED);
    expect(refusal(await world.register("dev%2F1", peer))).toEqual(UNAUTHORIZED);
    // U+212A folds to "k" where ASCII does not end it.
    const kelvin = peerOf(await issue("device", "\u212a-1", root));
    expect(refusal(await world.register("k-1", kelvin))).toEqual(INVALID);
  });
});

describe("who may issue", () => {
  /** Group on the verified root; the device's leaf says little of itself, as openssl's defaults do. */
  async function enrolled(leafExtensions: string) {
    const { ca, leaf, victim } = opensslChain({ leafSubject: "/CN=dev-1", leafExtensions });
    const world = makeWorld();
    await world.upload("root", { certificate: ca }, { verified: true });
    await world.group("g", { certificate: ca });
    return { world, leaf, victim };
  }

  it.each([
    ["CA:FALSE and no keyUsage", "basicConstraints=CA:FALSE"],
    ["no extension at all", ""],
    [
      "CA:FALSE and a keyUsage with keyCertSign",
      "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyCertSign",
    ],
    [
      "CA:TRUE and a keyUsage without keyCertSign",
      "basicConstraints=CA:TRUE\nkeyUsage=digitalSignature",
    ],
  ])("an enrolled leaf with %s registers, and what it signs is refused", async (_, extensions) => {
    const { world, leaf, victim } = await enrolled(extensions);
    expect((await world.register("dev-1", { leaf, presented: [] })).status).toBe(202);
    const forged = await world.register("victim", { leaf: victim, presented: [leaf] });
    expect(refusal(forged)).toEqual(INVALID);
  });

  it("an uploaded CA of version 1 may, for the service was given it", async () => {
    const { ca, leaf } = opensslChain({ leafSubject: "/CN=dev-1", caVersion: 1 });
    const world = makeWorld();
    expect(ca.version).toBe(1);
    await world.upload("root", { certificate: ca }, { verified: true });
    await world.group("g", { certificate: ca });
    expect((await world.register("dev-1", { leaf, presented: [] })).status).toBe(202);
  });
});
