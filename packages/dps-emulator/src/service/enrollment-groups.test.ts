import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { issue, peerOf, rootCa, uploadable } from "../testing/pki.ts";
import { askService, codeOf } from "../testing/service-plane.ts";
import { makeWorld, type World, x509Attestation } from "../testing/world.ts";

const put = (world: World, id: string, body: object, etag?: string) =>
  askService(world, "PUT", `/enrollmentGroups/${encodeURIComponent(id)}`, {
    body: { enrollmentGroupId: id, ...body },
    ...(etag === undefined ? {} : { headers: { "if-match": etag } }),
  });
const get = (world: World, id: string) => askService(world, "GET", `/enrollmentGroups/${id}`);

describe("an enrollment group", () => {
  it("answers info in place of its certificate, in the service's order", async () => {
    const world = makeWorld({ start: new Date("2023-05-19T23:10:35.770Z") });
    const ca = await rootCa("Root", { now: world.context.now() });
    const { status, body } = await world.group("Thermostats", ca, {
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
      capabilities: { iotEdge: false },
      initialTwin: null,
      somethingNew: { a: [1] },
    });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      "enrollmentGroupId",
      "attestation",
      "capabilities",
      "etag",
      "provisioningStatus",
      "reprovisionPolicy",
      "createdDateTimeUtc",
      "lastUpdatedDateTimeUtc",
      "somethingNew",
    ]);
    expect(body).toMatchObject({
      enrollmentGroupId: "Thermostats",
      provisioningStatus: "enabled",
      createdDateTimeUtc: "2023-05-19T23:10:35.77Z",
      somethingNew: { a: [1] },
    });
    const oracle = new X509Certificate(ca.certificate.pem);
    const thumbprint = (hash: string) =>
      createHash(hash).update(oracle.raw).digest("hex").toUpperCase();
    expect(body.attestation).toEqual({
      type: "x509",
      x509: {
        signingCertificates: {
          primary: {
            info: {
              subjectName: "CN=Root",
              sha1Thumbprint: thumbprint("sha1"),
              sha256Thumbprint: thumbprint("sha256"),
              issuerName: "CN=Root",
              notBeforeUtc: "2023-05-18T23:10:35Z",
              notAfterUtc: "2023-06-18T23:10:35Z",
              serialNumber: oracle.serialNumber,
              version: 3,
            },
          },
        },
      },
    });
    expect((await get(world, "thermostats")).body).toEqual(body);
  });

  it("is enabled unless it says otherwise, and a null that was sent comes back", async () => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    const made = await world.group("g", ca, { provisioningStatus: null });
    expect(made.body.provisioningStatus).toBe(null);
  });

  it("takes PEM text, base64 of PEM, and base64 of DER", async () => {
    const world = makeWorld();
    const { certificate } = await rootCa("Root");
    const forms = [
      certificate.pem,
      certificate.pem.replaceAll("\n", "\r\n"),
      Buffer.from(certificate.pem).toString("base64"),
      Buffer.from(certificate.der).toString("base64"),
    ];
    for (const [index, form] of forms.entries()) {
      const signingCertificates = { primary: { certificate: form } };
      const made = await put(world, `g${index}`, {
        attestation: { type: "x509", x509: { signingCertificates } },
      });
      const { primary } = made.body.attestation.x509.signingCertificates;
      expect(primary.info.sha256Thumbprint).toBe(certificate.sha256);
    }
  });

  it("is created without If-Match, and then 409", async () => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    expect((await world.group("g", ca)).status).toBe(200);
    const again = await world.group("G", ca);
    expect(again).toMatchObject({
      status: 409,
      body: { errorCode: 409202, message: "EnrollmentGroup already exists." },
      headers: { "x-ms-error-code": "409202" },
    });
    expect(again.body.trackingId).toBe(again.headers["x-ms-request-id"]);
  });

  it("is replaced with its current etag or *, and keeps its birth", async () => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    const { body: first } = await world.group("g", ca);
    world.forward(10);
    const disabled = { ...first, provisioningStatus: "disabled" };
    const second = await put(world, "g", disabled, first.etag);
    expect(second.body).toMatchObject({
      provisioningStatus: "disabled",
      createdDateTimeUtc: first.createdDateTimeUtc,
    });
    expect(second.body.etag).not.toBe(first.etag);
    expect(second.body.lastUpdatedDateTimeUtc > first.lastUpdatedDateTimeUtc).toBe(true);
    expect(codeOf(await put(world, "g", first, first.etag))).toEqual([412, 412001]);
    expect(codeOf(await put(world, "g", first, `"${second.body.etag}"`))).toEqual([412, 412001]);
    expect((await put(world, "g", first, "*")).status).toBe(200);
    expect(codeOf(await put(world, "new", x509Attestation(ca), "*"))).toEqual([412, 412001]);
  });

  it("keeps its certificate through a PUT of what was got", async () => {
    const world = makeWorld();
    const root = await rootCa("Root");
    const other = await rootCa("Other");
    await world.upload("root", root, { verified: true });
    const { body } = await put(world, "g", x509Attestation(root, other));
    const { primary, secondary } = body.attestation.x509.signingCertificates;
    const swapped = { primary: { certificate: null, ...secondary }, secondary: primary };
    body.attestation.x509.signingCertificates = swapped;
    const second = await put(world, "g", body, body.etag);
    expect(second.status).toBe(200);
    expect(second.body.attestation.x509.signingCertificates).toEqual({
      primary: secondary,
      secondary: primary,
    });
    const peer = peerOf(await issue("device", "dev-1", root));
    expect((await world.enroll("dev-1", peer)).body.status).toBe("assigned");
  });

  it("cannot take the certificate of another group by naming its thumbprint", async () => {
    const world = makeWorld();
    const { body } = await world.group("g", await rootCa("Root"));
    expect(codeOf(await put(world, "h", { attestation: body.attestation }))).toEqual([400, 400004]);
  });

  it("no longer lets devices in through a certificate that was replaced", async () => {
    const world = makeWorld();
    const [old, fresh] = [await rootCa("Old"), await rootCa("Fresh")];
    await world.upload("old", old, { verified: true });
    await world.group("g", old);
    const peer = peerOf(await issue("device", "dev-1", old));
    expect((await world.register("dev-1", peer)).status).toBe(202);
    await put(world, "g", x509Attestation(fresh), "*");
    expect((await world.register("dev-1", peer)).status).toBe(401);
  });

  it("is deleted once, with its etag if one is named", async () => {
    const world = makeWorld();
    await world.group("g", await rootCa("Root"));
    const remove = (headers = {}) => world.data("DELETE", "/enrollmentGroups/G", { headers });
    expect(codeOf(await remove({ "if-match": "stale" }))).toEqual([412, 412001]);
    expect(await remove()).toMatchObject({ status: 204, body: undefined });
    expect(codeOf(await remove())).toEqual([404, 404202]);
    expect(codeOf(await get(world, "g"))).toEqual([404, 404202]);
  });

  it("has an id of the service's form, the same in path and body", async () => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    for (const id of ["a.", "a b", "ä", "a/b", "x".repeat(129), "%2541"]) {
      const answer = await put(world, id, x509Attestation(ca));
      expect(codeOf(answer)).toEqual([400, 400004]);
      expect(answer.body.message).toContain("The enrollment group id is not valid");
    }
    const other = { enrollmentGroupId: "h", ...x509Attestation(ca) };
    expect(codeOf(await put(world, "g", other))).toEqual([400, 400004]);
    for (const id of ["a:b_c.d-", "x".repeat(128), "query", "1e3"]) {
      const made = await put(world, id, x509Attestation(ca));
      expect(made.body.enrollmentGroupId).toBe(id);
    }
  });

  it("has no TPM, and cannot let everybody in", async () => {
    const tpm = { type: "tpm", tpm: { endorsementKey: "x" } };
    for (const attestation of [tpm, { type: "none" }]) {
      expect(codeOf(await put(makeWorld(), "g", { attestation }))).toEqual([400, 400004]);
    }
  });

  it("signs with certificates, and has no client's", async () => {
    const primary = { certificate: uploadable(await rootCa("Root")) };
    const attestation = { type: "x509", x509: { clientCertificates: { primary } } };
    const answer = await put(makeWorld(), "g", { attestation });
    expect(codeOf(answer)).toEqual([400, 400004]);
    expect(answer.body.message).toContain("x509.signingCertificates or x509.caReferences");
  });

  it("is refused with members that make no sense, and nothing is stored", async () => {
    const world = makeWorld();
    const attestation = x509Attestation(await rootCa("Root"));
    const wrong: object[] = [
      {},
      { attestation: { type: "x509" } },
      { attestation: { type: "x509", x509: { signingCertificates: { primary: {} } } } },
      {
        attestation: {
          type: "x509",
          x509: { signingCertificates: { primary: { certificate: "x" } } },
        },
      },
      { ...attestation, provisioningStatus: "sometimes" },
      { ...attestation, iotHubs: ["emulated-hub.azure-devices.net"] },
      { ...attestation, allocationPolicy: "Hashed" },
    ];
    for (const body of wrong) expect(codeOf(await put(world, "g", body))).toEqual([400, 400004]);
    expect(codeOf(await get(world, "g"))).toEqual([404, 404202]);
  });

  it("is one of 100 at most", async () => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    for (let n = 1; n <= 100; n += 1) expect((await world.group(`g${n}`, ca)).status).toBe(200);
    expect(codeOf(await world.group("g101", ca))).toEqual([400, 400004]);
    expect((await put(world, "g7", x509Attestation(ca), "*")).status).toBe(200);
  });
});

describe("a query for enrollment groups", () => {
  const query = (world: World, headers = {}, text = "SELECT * FROM enrollmentGroups") =>
    askService(world, "POST", "/enrollmentGroups/query", { body: { query: text }, headers });

  it("pages through all, and names no continuation on the last page", async () => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    for (const id of ["a", "b", "c", "d"]) await world.group(id, ca);
    const first = await query(world, { "x-ms-max-item-count": "2" });
    expect(first.headers["x-ms-item-type"]).toBe("EnrollmentGroup");
    const next = first.headers["x-ms-continuation"] ?? "";
    const second = await query(world, { "x-ms-max-item-count": "2", "x-ms-continuation": next });
    expect(second.headers).not.toHaveProperty("x-ms-continuation");
    const ids = [...first.body, ...second.body].map(({ enrollmentGroupId: id }) => id);
    expect(ids).toEqual(["a", "b", "c", "d"]);
    expect(JSON.stringify(first.body)).not.toContain(uploadable(ca));
  });

  it("goes on behind a group that was deleted between two pages", async () => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    for (const id of ["a", "b", "c"]) await world.group(id, ca);
    const first = await query(world, { "x-ms-max-item-count": "1" });
    await world.data("DELETE", "/enrollmentGroups/a");
    const next = first.headers["x-ms-continuation"] ?? "";
    const second = await query(world, { "x-ms-continuation": next });
    expect(
      second.body.map(({ enrollmentGroupId: id }: { enrollmentGroupId: string }) => id),
    ).toEqual(["b", "c"]);
  });

  it("is refused where it asks for what is not there", async () => {
    const world = makeWorld();
    const texts = ["", "SELECT id", "SELECT * FROM enrollmentGroups WHERE x = 1"];
    for (const text of texts) expect(codeOf(await query(world, {}, text))).toEqual([400, 400004]);
    expect(codeOf(await world.data("POST", "/enrollmentGroups/query"))).toEqual([400, 400004]);
  });

  it.each([
    { "x-ms-max-item-count": "0" },
    { "x-ms-max-item-count": "-1" },
    { "x-ms-max-item-count": "many" },
    { "x-ms-continuation": "garbage" },
    { "x-ms-continuation": Buffer.from('[{"token":"service"}]').toString("base64") },
  ])("is refused with %j", async (headers) => {
    expect(codeOf(await query(makeWorld(), headers))).toEqual([400, 400004]);
  });
});
