import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCertificate } from "@dps-certs/ca-tools";
import { beforeAll, describe, expect, it } from "vitest";
import { CA_NOT_FOUND, deviceOf, INVALID, refusalOf, UNAUTHORIZED } from "../testing/device.ts";
import { inTemporaryFolder, openssl, opensslChain } from "../testing/openssl.ts";
import {
  type Certified,
  type Identity,
  issue,
  peerOf,
  rootCa,
  uploadable,
} from "../testing/pki.ts";
import { makeWorld, type World } from "../testing/world.ts";

const DAY = 24 * 60 * 60;
let root: Identity;
let one: Identity;
let device: Identity;
let other: Identity;

beforeAll(async () => {
  root = await rootCa("Root");
  one = await issue("intermediate", "Intermediate", root);
  [device, other] = await Promise.all([
    issue("device", "dev-1", one),
    issue("device", "dev-1", one),
  ]);
});

const client = (primary: Certified, secondary?: Certified) => ({
  attestation: {
    type: "x509",
    x509: {
      clientCertificates: {
        primary: { certificate: uploadable(primary) },
        ...(secondary ? { secondary: { certificate: uploadable(secondary) } } : {}),
      },
    },
  },
});
const references = (primary: string, secondary?: string) => ({
  attestation: { type: "x509", x509: { caReferences: { primary, secondary } } },
});

async function enroll(world: World, id: string, members: object): Promise<void> {
  const body = { registrationId: id, ...members };
  expect((await world.data("PUT", `/enrollments/${id}`, { body })).status).toBe(200);
}

const register = (world: World, id: string, leaf: Certified, ...chain: Certified[]) =>
  deviceOf(world, id, { peer: peerOf(leaf, ...chain) }).register();

describe("an individual enrollment by client certificate", () => {
  it("lets in who has the certificate, primary or secondary, whoever signed it", async () => {
    const world = makeWorld();
    const own = await rootCa("dev-1");
    await enroll(world, "dev-1", client(device, own));
    for (const leaf of [device, own]) {
      const { body } = await deviceOf(world, "dev-1", { peer: peerOf(leaf) }).enroll();
      expect(body).toMatchObject({ status: "assigned", registrationState: { x509: {} } });
    }
    expect((await register(world, "DEV-1", device, one)).status).toBe(202);
  });

  it("refuses another certificate of the same name, though a group would take it", async () => {
    const world = makeWorld();
    await world.upload("root", root, { verified: true });
    await world.group("g", one);
    expect((await register(world, "dev-1", other, one)).status).toBe(202);
    await enroll(world, "dev-1", client(device));
    expect(refusalOf(await register(world, "dev-1", other, one))).toEqual(INVALID);
    expect((await register(world, "dev-1", device)).status).toBe(202);
  });

  it("is of no use to an id that is longer than a common name", async () => {
    const world = makeWorld();
    const id = "d".repeat(65);
    await enroll(world, id, client(device));
    expect(refusalOf(await register(world, id, device))).toEqual(UNAUTHORIZED);
  });

  it("refuses its certificate under another name", async () => {
    const world = makeWorld();
    await enroll(world, "dev-2", client(device));
    expect(refusalOf(await register(world, "dev-2", device))).toEqual(INVALID);
    expect(refusalOf(await register(world, "dev-1", device))).toEqual(CA_NOT_FOUND);
  });

  it("counts dates", async () => {
    const start = new Date();
    const world = makeWorld({ start });
    await enroll(world, "dev-1", client(device));
    world.at(new Date(start.getTime() - 2 * DAY * 1000));
    expect(refusalOf(await register(world, "dev-1", device))).toEqual(INVALID);
    world.at(new Date(start.getTime() + 31 * DAY * 1000));
    expect(refusalOf(await register(world, "dev-1", device))).toEqual(INVALID);
  });

  it("refuses a certificate that may not act as a TLS client", async () => {
    const world = makeWorld();
    const server = await issue("server", "dev-1", one);
    await enroll(world, "dev-1", client(server));
    expect(refusalOf(await register(world, "dev-1", server))).toEqual(INVALID);
  });

  it("takes a self-signed certificate of version 1", async () => {
    const certificate = inTemporaryFolder((folder) => {
      const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      openssl(folder, "req", "-new", ...key, "-keyout", "k", "-subj", "/CN=dev-1", "-out", "r");
      openssl(folder, "x509", "-req", "-in", "r", "-signkey", "k", "-days", "9", "-out", "c");
      return parseCertificate(readFileSync(join(folder, "c"), "utf8"));
    });
    expect(certificate.version).toBe(1);
    const world = makeWorld();
    await enroll(world, "dev-1", client({ certificate }));
    expect((await register(world, "dev-1", { certificate })).status).toBe(202);
  });

  it("gives the device the id that it names", async () => {
    const world = makeWorld();
    await enroll(world, "dev-1", { ...client(device), deviceId: "toaster" });
    const { body } = await deviceOf(world, "dev-1", { peer: peerOf(device) }).enroll();
    expect(body.registrationState).toMatchObject({ registrationId: "dev-1", deviceId: "toaster" });
  });

  it("that is disabled lets the device in, and the registration ends as disabled", async () => {
    const world = makeWorld();
    await world.upload("root", root, { verified: true });
    await world.group("g", one);
    await enroll(world, "dev-1", { ...client(device), provisioningStatus: "disabled" });
    const { body } = await deviceOf(world, "dev-1", { peer: peerOf(device, one) }).enroll();
    expect(body.status).toBe("disabled");
  });

  it("that is deleted ends what it let in, until the groups count again", async () => {
    const world = makeWorld();
    await enroll(world, "dev-1", client(device));
    const shown = deviceOf(world, "dev-1", { peer: peerOf(device, one) });
    const { operationId } = (await shown.register()).body;
    world.forward(3);
    await world.data("DELETE", "/enrollments/dev-1");
    expect(refusalOf(await shown.poll(operationId))).toEqual(CA_NOT_FOUND);
    await world.upload("root", root, { verified: true });
    await world.group("g", one);
    expect((await shown.enroll()).body.status).toBe("assigned");
  });

  it.each([
    ["CA:FALSE and no keyUsage", "basicConstraints=CA:FALSE"],
    ["no extension at all", ""],
  ])("makes no issuer of its certificate, one with %s", async (_, leafExtensions) => {
    const { ca, leaf, victim } = opensslChain({ leafSubject: "/CN=dev-1", leafExtensions });
    const world = makeWorld();
    await world.upload("root", { certificate: ca }, { verified: true });
    await world.group("g", { certificate: ca });
    await enroll(world, "dev-1", client({ certificate: parseCertificate(leaf) }));
    expect(
      (await deviceOf(world, "dev-1", { peer: { leaf, presented: [] } }).register()).status,
    ).toBe(202);
    const forged = deviceOf(world, "victim", { peer: { leaf: victim, presented: [leaf] } });
    expect(refusalOf(await forged.register())).toEqual(INVALID);
  });
});

describe("an individual enrollment of another kind than what the device shows", () => {
  const symmetricKey = { attestation: { type: "symmetricKey" } };
  const tpm = { attestation: { type: "tpm", tpm: { endorsementKey: "AToAAQ==" } } };

  it("refuses it, though a group would take it", async () => {
    const world = makeWorld();
    await world.upload("root", root, { verified: true });
    await world.group("g", one);
    await enroll(world, "dev-1", symmetricKey);
    expect(refusalOf(await register(world, "dev-1", device, one))).toEqual(UNAUTHORIZED);
  });

  it("says that no TPM is asked, with a certificate, with a token and with neither", async () => {
    const world = makeWorld();
    await world.upload("root", root, { verified: true });
    await world.group("g", one);
    await enroll(world, "dev-1", tpm);
    for (const shown of [{}, { peer: peerOf(device, one) }, { token: "SharedAccessSignature x" }]) {
      const answer = await deviceOf(world, "dev-1", shown).register();
      expect([answer.status, answer.body.errorCode]).toEqual([401, 401002]);
      expect(answer.body.message).toMatch(/^Unauthorized\. .*TPM/);
      expect(answer.body).not.toHaveProperty("authenticationKey");
    }
  });
});

describe("an id that breaks the rule", () => {
  it("finds no enrollment, though its lower case would be the id of one", async () => {
    const world = makeWorld();
    await enroll(world, "k-1", {
      attestation: { type: "tpm", tpm: { endorsementKey: "AToAAQ==" } },
    });
    // U+212A folds to "k" where ASCII does not end it.
    expect(refusalOf(await deviceOf(world, "\u212a-1", {}).register())).toEqual(UNAUTHORIZED);
    expect(refusalOf(await deviceOf(world, "k-1", {}).register())).not.toEqual(UNAUTHORIZED);
  });
});

describe("a reference to a certificate of the service", () => {
  it("of a group lets in what that certificate signed, once it is verified", async () => {
    const world = makeWorld();
    await world.upload("Plant", root);
    const group = { enrollmentGroupId: "g", ...references("plant") };
    await world.data("PUT", "/enrollmentGroups/g", { body: group });
    const peer = peerOf(device, one);
    expect(refusalOf(await deviceOf(world, "dev-1", { peer }).register())).toEqual(CA_NOT_FOUND);
    await world.prove("Plant", root);
    expect((await deviceOf(world, "dev-1", { peer }).enroll()).body.status).toBe("assigned");
    const gap = deviceOf(world, "dev-1", { peer: peerOf(device) });
    expect(refusalOf(await gap.register())).toEqual(CA_NOT_FOUND);
    expect((await world.data("POST", "/registrations/g/query")).body).toHaveLength(1);
  });

  it("counts by name: another name of the same certificate that is verified is no help", async () => {
    const world = makeWorld();
    await world.upload("a-unproven", root);
    await world.upload("b-proven", root, { verified: true });
    const group = { enrollmentGroupId: "g", ...references("a-unproven") };
    await world.data("PUT", "/enrollmentGroups/g", { body: group });
    expect(refusalOf(await register(world, "dev-1", device, one))).toEqual(CA_NOT_FOUND);
    const both = { enrollmentGroupId: "g", ...references("a-unproven", "b-proven") };
    await world.data("PUT", "/enrollmentGroups/g", { body: both, headers: { "if-match": "*" } });
    expect((await register(world, "dev-1", device, one)).status).toBe(202);
  });

  it("stops at the nearest issuer, verified or not, and does not fall through", async () => {
    const world = makeWorld();
    await world.upload("root", root, { verified: true });
    await world.upload("one", one);
    await world.group("far", root);
    expect((await register(world, "dev-1", device, one)).status).toBe(202);
    const near = { enrollmentGroupId: "near", ...references("one") };
    await world.data("PUT", "/enrollmentGroups/near", { body: near });
    expect(refusalOf(await register(world, "dev-1", device, one))).toEqual(CA_NOT_FOUND);
  });

  it("and a certificate of several groups mean the first group by id", async () => {
    const world = makeWorld();
    await world.upload("root", root, { verified: true });
    for (const id of ["b", "a"]) {
      const group = { enrollmentGroupId: id, ...references("root") };
      await world.data("PUT", `/enrollmentGroups/${id}`, { body: group });
    }
    await world.group("Aa", root);
    await deviceOf(world, "dev-1", { peer: peerOf(device, one) }).enroll();
    expect((await world.data("POST", "/registrations/a/query")).body).toHaveLength(1);
  });

  it("of an individual enrollment lets in that device alone", async () => {
    const world = makeWorld();
    await world.upload("root", root, { verified: true });
    await enroll(world, "dev-1", references("root"));
    const { body } = await deviceOf(world, "dev-1", { peer: peerOf(device, one) }).enroll();
    expect(body.status).toBe("assigned");
    const second = await issue("device", "dev-2", one);
    expect(refusalOf(await register(world, "dev-2", second, one))).toEqual(CA_NOT_FOUND);
    const stranger = await issue("device", "dev-1", await rootCa("Root"));
    expect(refusalOf(await register(world, "dev-1", stranger))).toEqual(CA_NOT_FOUND);
  });

  it("of an individual enrollment counts by name, and only when verified", async () => {
    const world = makeWorld();
    await world.upload("unproven", root);
    await world.upload("proven", root, { verified: true });
    await enroll(world, "dev-1", references("unproven"));
    expect(refusalOf(await register(world, "dev-1", device, one))).toEqual(CA_NOT_FOUND);
  });
});
