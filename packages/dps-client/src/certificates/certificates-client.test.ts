import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { staticToken } from "../authorization.ts";
import { type FakeRuntime, fakeRuntime } from "../testing/fake-runtime.ts";
import { type OpensslPki, opensslPki, type Pair } from "../testing/openssl-pki.ts";
import { scriptedService } from "../testing/scripted-service.ts";
import { CertificatesClient, type CertificatesClientOptions } from "./certificates-client.ts";

const ENDPOINT = "https://management.azure.com";
const BASE =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.Devices/provisioningServices/d/certificates";
let pki: OpensslPki;
let other: Pair;
let runtime: FakeRuntime;

beforeAll(() => {
  pki = opensslPki();
  other = pki.issue("other");
});
afterAll(() => pki.remove());
beforeEach(() => {
  runtime = fakeRuntime();
});

const sha1 = (pem: string) => new X509Certificate(pem).fingerprint.replaceAll(":", "");

function stored(etag: string, more: Record<string, unknown> = {}) {
  return {
    name: "plant-ca",
    etag,
    properties: {
      subject: "plant-ca",
      thumbprint: sha1(pki.root.certPem),
      isVerified: false,
      certificate: null,
      ...more,
    },
  };
}

function clientFor(
  steps: Parameters<typeof scriptedService>[1],
  options: Partial<CertificatesClientOptions> = {},
) {
  const service = scriptedService(ENDPOINT, steps);
  const client = new CertificatesClient({
    resource: { subscriptionId: "s", resourceGroup: "g", dpsName: "d" },
    credential: staticToken("arm-token"),
    dispatcher: service.dispatcher,
    runtime,
    ...options,
  });
  return { ...service, client };
}

describe("CertificatesClient", () => {
  it("lists, with the bearer token", async () => {
    const { client, seen } = clientFor([{ body: { value: [stored("e1")] } }]);
    expect(await client.list()).toEqual([stored("e1")]);
    expect(seen[0]).toMatchObject({
      method: "GET",
      path: `${BASE}?api-version=2022-12-12`,
      headers: { authorization: "Bearer arm-token" },
    });
  });

  it("keeps members that it does not know", async () => {
    const { client } = clientFor([{ body: { ...stored("e1"), systemData: { by: "me" } } }]);
    expect(await client.get("plant-ca")).toHaveProperty("systemData.by", "me");
  });

  it("gets, or throws not-found; finds, or gives undefined", async () => {
    const { client } = clientFor([{ status: 404 }, { status: 404 }, { body: stored("e1") }]);
    await expect(client.get("plant-ca")).rejects.toMatchObject({ code: "not-found" });
    expect(await client.find("plant-ca")).toBeUndefined();
    expect(await client.find("plant-ca")).toMatchObject({ etag: "e1" });
  });

  it("names the wrong member of an answer, and not its value", async () => {
    const { client } = clientFor([{ body: { ...stored("e"), etag: { s3cret: 1 } } }]);
    const error = await client.get("plant-ca").catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "protocol", message: expect.stringContaining('"etag"') });
    expect(String(error)).not.toContain("s3cret");
  });

  it("takes a deletion for done whose answer was lost, and which then finds nothing", async () => {
    const { client } = clientFor([{ breaks: "ECONNRESET" }, { status: 404 }, { status: 404 }]);
    await client.delete("plant-ca", { ifMatch: "*" });
    await expect(client.delete("plant-ca", { ifMatch: "*" })).rejects.toMatchObject({
      code: "not-found",
    });
  });

  it("takes a verification for done whose answer was lost", async () => {
    const { client, seen } = clientFor([
      { breaks: "ECONNRESET" },
      { status: 400, body: { code: 400053 } },
      { body: stored("e3", { isVerified: true }) },
      { breaks: "ECONNRESET" },
      { status: 412 },
      { body: stored("e4") },
    ]);
    const verify = () => client.verify("plant-ca", other.certPem, { ifMatch: "*" });
    expect(await verify()).toMatchObject({ etag: "e3" });
    expect(seen[0]?.headers["if-match"]).toBe("*");
    await expect(verify()).rejects.toMatchObject({ code: "etag-mismatch" });
  });

  it("deletes with the etag, and takes 204 for deleted", async () => {
    const { client, seen } = clientFor([{ status: 204 }]);
    await client.delete("plant-ca", { ifMatch: "e1" });
    expect(seen[0]).toMatchObject({ method: "DELETE", headers: { "if-match": "e1" } });
  });

  it.each(["", "..", "a/b", "a?b", "x".repeat(65)])(
    "sends nothing for the name %j",
    async (name) => {
      const { client, seen } = clientFor([]);
      await expect(client.get(name)).rejects.toMatchObject({ code: "invalid-argument" });
      await expect(client.upload(name, pki.root.certPem)).rejects.toMatchObject({
        code: "invalid-argument",
      });
      expect(seen).toEqual([]);
    },
  );

  it("refuses a resource that would leave its place in the path", () => {
    const resource = { subscriptionId: "s", resourceGroup: "..", dpsName: "d" };
    expect(() => clientFor([], { resource })).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });
});

describe("upload", () => {
  const decoded = (field: unknown) => Buffer.from(String(field), "base64").toString();

  it("sends base64 of the PEM under properties", async () => {
    const { client, seen } = clientFor([{ body: stored("e1") }]);
    await client.upload("plant-ca", pki.root.certPem, { verified: true, ifMatch: "e0" });
    const body = seen[0]?.body as { properties: { certificate: string } };
    expect(body.properties).toMatchObject({ isVerified: true });
    expect(decoded(body.properties.certificate)).toBe(pki.root.certPem);
    expect(seen[0]).toMatchObject({ method: "PUT", headers: { "if-match": "e0" } });
  });

  it("sends a flat body to a version before 2022-02-05", async () => {
    const { client, seen } = clientFor([{ body: stored("e1") }], { apiVersion: "2021-10-15" });
    await client.upload("plant-ca", pki.root.certPem);
    const body = seen[0]?.body as { certificate: string };
    expect(Object.keys(body)).toEqual(["certificate"]);
    expect(decoded(body.certificate)).toBe(pki.root.certPem);
  });

  it("takes DER, and sends the same", async () => {
    const { client, seen } = clientFor([{ body: stored("e1") }]);
    await client.upload("plant-ca", new X509Certificate(pki.root.certPem).raw);
    const body = seen[0]?.body as { properties: { certificate: string } };
    expect(decoded(body.properties.certificate)).toBe(pki.root.certPem);
  });

  it("never sends a private key that stands in the same file", async () => {
    const { client, seen } = clientFor([{ body: stored("e1") }]);
    await client.upload("plant-ca", pki.root.keyPem + pki.root.certPem);
    const body = seen[0]?.body as { properties: { certificate: string } };
    expect(decoded(body.properties.certificate)).toBe(pki.root.certPem);
  });

  it("refuses garbage, damaged certificates and chains before anything is sent", async () => {
    const { client, seen } = clientFor([]);
    const damaged = pki.root.certPem.replace(/\n[A-Za-z0-9+/]{8}/, "\nAAAAAAAA");
    const chain = pki.root.certPem + other.certPem;
    for (const bad of ["", "text", damaged, chain, Buffer.from([0x30, 1, 2])]) {
      await expect(client.upload("plant-ca", bad)).rejects.toMatchObject({
        code: "invalid-certificate",
      });
    }
    expect(seen).toEqual([]);
  });

  it("is done if the answer was lost and the certificate is there", async () => {
    const { client } = clientFor([
      { breaks: "ECONNRESET" },
      { status: 412, body: { code: 412001, message: "Invalid ETag supplied." } },
      { body: stored("e2") },
    ]);
    expect(await client.upload("plant-ca", pki.root.certPem)).toMatchObject({ etag: "e2" });
  });

  it("is refused if another certificate is there", async () => {
    const { client } = clientFor([
      { breaks: "ECONNRESET" },
      { status: 412 },
      { body: stored("e2", { thumbprint: sha1(other.certPem) }) },
    ]);
    await expect(client.upload("plant-ca", pki.root.certPem)).rejects.toMatchObject({
      code: "etag-mismatch",
    });
  });

  it("is refused without a look if no answer was lost", async () => {
    const { client, seen } = clientFor([{ status: 412 }]);
    await expect(client.upload("plant-ca", pki.root.certPem)).rejects.toMatchObject({
      code: "etag-mismatch",
    });
    expect(seen).toHaveLength(1);
  });
});

describe("provePossession", () => {
  const code = (etag: string, verificationCode: string) => ({
    body: stored(etag, { verificationCode }),
  });
  const signed: string[] = [];
  const sign = (verificationCode: string) => {
    signed.push(verificationCode);
    return Promise.resolve(other.certPem);
  };
  beforeEach(() => {
    signed.length = 0;
  });

  it("uses each answer's etag for the next request", async () => {
    const { client, seen } = clientFor([
      { body: stored("e1") },
      code("e2", "C0DE"),
      { body: stored("e3", { isVerified: true }) },
    ]);
    const result = await client.provePossession("plant-ca", sign);
    expect(result.properties.isVerified).toBe(true);
    expect(signed).toEqual(["C0DE"]);
    expect(seen.map(({ method, path }) => `${method} ${path.split("?")[0]}`)).toEqual([
      `GET ${BASE}/plant-ca`,
      `POST ${BASE}/plant-ca/generateVerificationCode`,
      `POST ${BASE}/plant-ca/verify`,
    ]);
    expect(seen.map(({ headers }) => headers["if-match"])).toEqual([undefined, "e1", "e2"]);
    expect(seen[1]?.body).toBeUndefined();
    expect(Object.keys(seen[2]?.body as object)).toEqual(["certificate"]);
  });

  it("begins again with a new code when the etag has changed", async () => {
    const { client, seen } = clientFor([
      { body: stored("e1") },
      code("e2", "OLD"),
      { status: 412 },
      { body: stored("e5") },
      code("e6", "NEW"),
      { body: stored("e7", { isVerified: true }) },
    ]);
    await client.provePossession("plant-ca", sign);
    expect(signed).toEqual(["OLD", "NEW"]);
    expect(seen.at(-1)?.headers["if-match"]).toBe("e6");
  });

  it("gives up after its last round", async () => {
    const round = [{ status: 412 }, { body: stored("e2") }];
    const { client } = clientFor([{ body: stored("e1") }, ...round, ...round]);
    await expect(client.provePossession("plant-ca", sign, { rounds: 2 })).rejects.toMatchObject({
      code: "etag-mismatch",
    });
  });

  it("is done if the answer of its last round was lost", async () => {
    const { client } = clientFor([
      { body: stored("e1") },
      code("e2", "C0DE"),
      { breaks: "ECONNRESET" },
      { status: 412 },
      { body: stored("e3", { isVerified: true }) },
    ]);
    const result = await client.provePossession("plant-ca", sign, { rounds: 1 });
    expect(result).toMatchObject({ etag: "e3", properties: { isVerified: true } });
  });

  it("signs nothing for a certificate that is verified", async () => {
    const { client } = clientFor([{ body: stored("e1", { isVerified: true }) }]);
    await client.provePossession("plant-ca", sign);
    expect(signed).toEqual([]);
  });

  it("stops when another certificate took the name", async () => {
    const { client } = clientFor([
      { body: stored("e1") },
      { status: 412 },
      { body: stored("e2", { thumbprint: sha1(other.certPem), isVerified: true }) },
    ]);
    await expect(client.provePossession("plant-ca", sign)).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("stops when another certificate took the name while the answer was lost", async () => {
    const { client } = clientFor([
      { body: stored("e1") },
      code("e2", "C0DE"),
      { breaks: "ECONNRESET" },
      { status: 412 },
      { body: stored("e3", { thumbprint: sha1(other.certPem), isVerified: true }) },
    ]);
    await expect(client.provePossession("plant-ca", sign)).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("reports a certificate of another CA", async () => {
    const message =
      "Proof-Of-Possession failed. Issuer certificate 'CN=x' cannot be found in the certificate chain.";
    const { client } = clientFor([
      { body: stored("e1") },
      code("e2", "C0DE"),
      { status: 400, body: { code: 400053, httpStatusCode: "BadRequest", message } },
    ]);
    await expect(client.provePossession("plant-ca", sign)).rejects.toMatchObject({
      code: "proof-of-possession-failed",
      serviceMessage: message,
      hint: expect.stringContaining("very CA"),
    });
  });
});
