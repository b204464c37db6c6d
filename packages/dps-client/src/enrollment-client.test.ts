import { X509Certificate } from "node:crypto";
import type { EnrollmentGroup } from "@dps-certs/dps-protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { staticToken } from "./authorization.ts";
import { type ConnectionStringOptions, EnrollmentClient } from "./enrollment-client.ts";
import { type FakeRuntime, fakeRuntime } from "./testing/fake-runtime.ts";
import { type OpensslPki, opensslPki } from "./testing/openssl-pki.ts";
import { TEST_KEY } from "./testing/sas-vectors.ts";
import { scriptedService } from "./testing/scripted-service.ts";

const HOST = "mydps.azure-devices-provisioning.net";
const CONNECTION_STRING = `HostName=${HOST};SharedAccessKeyName=owner;SharedAccessKey=${TEST_KEY}`;
let pki: OpensslPki;
let runtime: FakeRuntime;

beforeAll(() => {
  pki = opensslPki();
});
afterAll(() => pki.remove());
beforeEach(() => {
  runtime = fakeRuntime();
});

function clientFor(
  steps: Parameters<typeof scriptedService>[1],
  options: ConnectionStringOptions = {},
) {
  const service = scriptedService(options.endpoint ?? `https://${HOST}`, steps);
  const client = EnrollmentClient.fromConnectionString(CONNECTION_STRING, {
    dispatcher: service.dispatcher,
    runtime,
    ...options,
  });
  return { ...service, client };
}

const wanted = (): EnrollmentGroup => ({
  enrollmentGroupId: "Thermostats",
  provisioningStatus: "enabled",
  attestation: {
    type: "x509",
    x509: { signingCertificates: { primary: { certificate: pki.root.certPem } } },
  },
});

/** As the service answers: the certificate only as `info`. */
function stored(more: Record<string, unknown> = {}): EnrollmentGroup {
  const { fingerprint256 } = new X509Certificate(pki.root.certPem);
  const info = {
    subjectName: "CN=root",
    sha1Thumbprint: "00",
    sha256Thumbprint: fingerprint256.replaceAll(":", ""),
    issuerName: "CN=root",
    notBeforeUtc: "2023-05-19T23:10:35Z",
    notAfterUtc: "2033-05-19T23:10:35Z",
    serialNumber: "01",
    version: 3,
  };
  return {
    enrollmentGroupId: "thermostats",
    attestation: { type: "x509", x509: { signingCertificates: { primary: { info } } } },
    etag: "e1",
    provisioningStatus: "enabled",
    createdDateTimeUtc: "2023-05-19T23:10:35.7799084Z",
    ...more,
  };
}

describe("EnrollmentClient", () => {
  it("signs for the connection string's host, wherever it connects to", async () => {
    const { client, seen } = clientFor([{ body: stored() }], {
      endpoint: "https://localhost:9443",
    });
    await client.getGroup("thermostats");
    expect(seen[0]).toMatchObject({
      path: "/enrollmentGroups/thermostats?api-version=2021-10-01",
    });
    expect(seen[0]?.headers.authorization).toMatch(
      new RegExp(`^SharedAccessSignature sr=${HOST}&sig=[^&]+&se=\\d+&skn=owner$`),
    );
  });

  it("signs for host and port of an endpoint that has one", async () => {
    const endpoint = "https://localhost:9443";
    const { dispatcher, seen } = scriptedService(endpoint, [{ body: stored() }]);
    const credential = { keyName: "owner", key: TEST_KEY };
    await new EnrollmentClient({ endpoint, credential, dispatcher }).getGroup("a");
    expect(seen[0]?.headers.authorization).toContain("sr=localhost%3A9443&");
  });

  it("takes Entra ID in place of a policy", async () => {
    const endpoint = `https://${HOST}`;
    const { dispatcher, seen } = scriptedService(endpoint, [{ body: stored() }]);
    await new EnrollmentClient({
      endpoint,
      credential: staticToken("t"),
      dispatcher,
    }).getGroup("a");
    expect(seen[0]?.headers.authorization).toBe("Bearer t");
  });

  it("refuses a connection string without quoting it", () => {
    const text = "HostName=h;SharedAccessKeyName=n;SharedAccessKey=s3cret!";
    const make = () => EnrollmentClient.fromConnectionString(text);
    expect(make).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    expect(make).not.toThrow(/s3cret/);
  });

  it("gets, or throws not-found; finds, or gives undefined", async () => {
    const absent = { status: 404, body: { errorCode: 404202, message: "not found" } };
    const { client } = clientFor([absent, absent, absent]);
    await expect(client.getGroup("a")).rejects.toMatchObject({
      code: "not-found",
      errorCode: 404202,
    });
    expect(await client.findGroup("a")).toBeUndefined();
    expect(await client.findRegistration("a")).toBeUndefined();
  });

  it.each(["", "a/b", "..", "a ", "é", "x".repeat(129)])(
    "sends nothing for the id %j",
    async (id) => {
      const { client, seen } = clientFor([]);
      const refused = { code: "invalid-argument" };
      await expect(client.getGroup(id)).rejects.toMatchObject(refused);
      await expect(client.deleteGroup(id)).rejects.toMatchObject(refused);
      await expect(
        client.createOrUpdateGroup({ ...wanted(), enrollmentGroupId: id }),
      ).rejects.toMatchObject(refused);
      await expect(client.getRegistration(id)).rejects.toMatchObject(refused);
      expect(seen).toEqual([]);
    },
  );

  it("gets and deletes registrations", async () => {
    const state = { registrationId: "dev-1", status: "assigned", assignedHub: "h" };
    const { client, seen } = clientFor([{ body: state }, { status: 204 }]);
    expect(await client.getRegistration("dev-1")).toEqual(state);
    await client.deleteRegistration("dev-1", { ifMatch: "*" });
    expect(seen[1]).toMatchObject({
      method: "DELETE",
      path: "/registrations/dev-1?api-version=2021-10-01",
      headers: { "if-match": "*" },
    });
  });
});

describe("createOrUpdateGroup", () => {
  it("creates without If-Match, whatever etag the group carries", async () => {
    const { client, seen } = clientFor([{ body: stored() }]);
    await client.createOrUpdateGroup({ ...wanted(), etag: "old" });
    expect(seen[0]?.headers["if-match"]).toBeUndefined();
  });

  it("reports a group that exists", async () => {
    const { client } = clientFor([
      { status: 409, body: { errorCode: 409202, message: "EnrollmentGroup already exists." } },
    ]);
    await expect(client.createOrUpdateGroup(wanted())).rejects.toMatchObject({
      code: "conflict",
      errorCode: 409202,
    });
  });

  it("keeps members that it does not know when a group is read, changed and put back", async () => {
    const group = stored({ credentialPolicyName: "p", initialTwin: { tags: { site: 7 } } });
    const { client, seen } = clientFor([{ body: group }, { body: group }]);
    const read = await client.getGroup("thermostats");
    await client.createOrUpdateGroup(
      { ...read, provisioningStatus: "disabled" },
      { ifMatch: "e1" },
    );
    expect(seen[1]?.body).toEqual({ ...group, provisioningStatus: "disabled" });
    expect(seen[1]?.headers["if-match"]).toBe("e1");
  });

  const lost = { breaks: "ECONNRESET" };
  const exists = { status: 409, body: { errorCode: 409202 } };

  it("is done if the answer was lost and the group is there as it was sent", async () => {
    const { client } = clientFor([lost, exists, { body: stored() }]);
    expect(await client.createOrUpdateGroup(wanted())).toMatchObject({ etag: "e1" });
  });

  it("is done in the same way for an update", async () => {
    const { client } = clientFor([lost, { status: 412 }, { body: stored({ etag: "e2" }) }]);
    expect(await client.createOrUpdateGroup(wanted(), { ifMatch: "e1" })).toMatchObject({
      etag: "e2",
    });
  });

  it("is refused if the group that is there is another one", async () => {
    const { client } = clientFor([
      lost,
      exists,
      { body: stored({ provisioningStatus: "disabled" }) },
    ]);
    await expect(client.createOrUpdateGroup(wanted())).rejects.toMatchObject({ code: "conflict" });
  });

  it("is refused if the group that is there trusts another CA", async () => {
    const other = wanted();
    other.attestation.x509 = {
      signingCertificates: { primary: { certificate: pki.issue("other").certPem } },
    };
    const { client } = clientFor([lost, exists, { body: stored() }]);
    await expect(client.createOrUpdateGroup(other)).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("deleteGroup", () => {
  it("throws not-found for a group that was not there", async () => {
    const { client } = clientFor([{ status: 404 }]);
    await expect(client.deleteGroup("a")).rejects.toMatchObject({ code: "not-found" });
  });

  it("is done if the answer was lost and the group is gone", async () => {
    const { client } = clientFor([{ breaks: "ECONNRESET" }, { status: 404 }]);
    await expect(client.deleteGroup("a")).resolves.toBeUndefined();
  });
});

describe("queries", () => {
  it("go through every page, an empty one too", async () => {
    const group = (enrollmentGroupId: string) => stored({ enrollmentGroupId });
    const { client, seen } = clientFor([
      { body: [group("a"), group("b")], headers: { "x-ms-continuation": "t1" } },
      { body: [], headers: { "x-ms-continuation": "t2" } },
      { body: [group("c")] },
    ]);
    const ids: string[] = [];
    for await (const { enrollmentGroupId } of client.queryGroups({ pageSize: 2 })) {
      ids.push(enrollmentGroupId);
    }
    expect(ids).toEqual(["a", "b", "c"]);
    expect(seen.map(({ headers }) => headers["x-ms-continuation"])).toEqual([
      undefined,
      "t1",
      "t2",
    ]);
    expect(seen[0]).toMatchObject({
      method: "POST",
      path: "/enrollmentGroups/query?api-version=2021-10-01",
      body: { query: "SELECT *" },
      headers: { "x-ms-max-item-count": "2" },
    });
  });

  it("ask for no page that is not wanted", async () => {
    const { client, seen } = clientFor([
      { body: [stored()], headers: { "x-ms-continuation": "t1" } },
    ]);
    for await (const _ of client.queryGroups()) break;
    expect(seen).toHaveLength(1);
    expect(seen[0]?.headers["x-ms-max-item-count"]).toBeUndefined();
  });

  it("stop at a service that gives the same page for ever", async () => {
    const page = { body: [], headers: { "x-ms-continuation": "t" } };
    const { client } = clientFor([page, page]);
    await expect(client.queryGroups().next()).rejects.toMatchObject({ code: "protocol" });
  });

  it("give the registrations of a group", async () => {
    const { client, seen } = clientFor([{ body: [{ registrationId: "dev-1" }] }]);
    const states = [];
    for await (const state of client.queryRegistrations("g")) states.push(state);
    expect(states).toEqual([{ registrationId: "dev-1" }]);
    expect(seen[0]).toMatchObject({
      method: "POST",
      path: expect.stringMatching(/^\/registrations\/g\/query\?/),
    });
  });

  it.each([0, -1, 1.5])("refuse a page size of %d", async (pageSize) => {
    const { client } = clientFor([]);
    await expect(client.queryGroups({ pageSize }).next()).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });
});
