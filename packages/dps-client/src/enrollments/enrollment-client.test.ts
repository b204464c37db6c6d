import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { staticToken } from "../authorization.ts";
import { type OpensslPki, opensslPki } from "../testing/openssl-pki.ts";
import { TEST_KEY } from "../testing/sas-vectors.ts";
import { scriptedService } from "../testing/scripted-service.ts";
import { clientFor, HOST, storedGroup, wantedGroup } from "../testing/service-client.ts";
import { EnrollmentClient } from "./enrollment-client.ts";

let pki: OpensslPki;

beforeAll(() => {
  pki = opensslPki();
});
afterAll(() => pki.remove());

const wanted = () => wantedGroup(pki.root.certPem);
const stored = (more?: Record<string, unknown>) => storedGroup(pki.root.certPem, more);

describe("EnrollmentClient", () => {
  it("signs for the connection string's host, wherever it connects to", async () => {
    const { client, seen } = clientFor([{ body: stored() }], {
      endpoint: "https://localhost:9443",
    });
    await client.groups.get("thermostats");
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
    await new EnrollmentClient({ endpoint, credential, dispatcher }).groups.get("a");
    expect(seen[0]?.headers.authorization).toContain("sr=localhost%3A9443&");
  });

  it("takes Entra ID in place of a policy", async () => {
    const endpoint = `https://${HOST}`;
    const { dispatcher, seen } = scriptedService(endpoint, [{ body: stored() }]);
    await new EnrollmentClient({
      endpoint,
      credential: staticToken("t"),
      dispatcher,
    }).groups.get("a");
    expect(seen[0]?.headers.authorization).toBe("Bearer t");
  });

  it("refuses a connection string without quoting it", () => {
    const text = "HostName=h;SharedAccessKeyName=n;SharedAccessKey=s3cret!";
    const make = () => EnrollmentClient.fromConnectionString(text);
    expect(make).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    expect(make).not.toThrow(/s3cret/);
  });

  it.each([
    `HostName=plant.azure-devices.net;SharedAccessKeyName=owner;SharedAccessKey=${TEST_KEY}`,
    `HostName=plant.azure-devices.cn;SharedAccessKeyName=owner;SharedAccessKey=${TEST_KEY}`,
    `HostName=plant.azure-devices.net;DeviceId=d;SharedAccessKey=${TEST_KEY}`,
  ])("says what to take in place of an IoT hub's: %#", (text) => {
    expect(() => EnrollmentClient.fromConnectionString(text)).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        hint: expect.stringContaining("NAME.azure-devices-provisioning.net"),
      }),
    );
  });

  it("asks for the token of another cloud where it is told to", async () => {
    const { dispatcher } = scriptedService(`https://${HOST}`, [{ body: stored() }]);
    const scopes: unknown[] = [];
    const client = new EnrollmentClient({
      endpoint: `https://${HOST}`,
      credential: {
        getToken: (scope) => {
          scopes.push(scope);
          return Promise.resolve({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 });
        },
      },
      scope: "https://other.example/.default",
      dispatcher,
    });
    await client.groups.get("a");
    expect(scopes).toEqual(["https://other.example/.default"]);
  });

  it("gets, or throws not-found; finds, or gives undefined", async () => {
    const absent = { status: 404, body: { errorCode: 404202, message: "not found" } };
    const { client } = clientFor([absent, absent, absent]);
    await expect(client.groups.get("a")).rejects.toMatchObject({
      code: "not-found",
      errorCode: 404202,
    });
    expect(await client.groups.find("a")).toBeUndefined();
    expect(await client.registrations.find("a")).toBeUndefined();
  });

  it.each(["", "a/b", "..", "a ", "é", "x".repeat(129)])(
    "sends nothing for the id %j",
    async (id) => {
      const { client, seen } = clientFor([]);
      const refused = { code: "invalid-argument" };
      await expect(client.groups.get(id)).rejects.toMatchObject(refused);
      await expect(client.groups.delete(id)).rejects.toMatchObject(refused);
      await expect(
        client.groups.createOrUpdate({ ...wanted(), enrollmentGroupId: id }),
      ).rejects.toMatchObject(refused);
      await expect(client.groups.update(id, (group) => group)).rejects.toMatchObject(refused);
      await expect(client.groups.attestation(id)).rejects.toMatchObject(refused);
      await expect(client.enrollments.get(id)).rejects.toMatchObject(refused);
      await expect(client.registrations.get(id)).rejects.toMatchObject(refused);
      expect(() => client.registrations.query(id)).toThrow(expect.objectContaining(refused));
      expect(seen).toEqual([]);
    },
  );

  it("gets and deletes registrations", async () => {
    const state = { registrationId: "dev-1", status: "assigned", assignedHub: "h" };
    const { client, seen } = clientFor([{ body: state }, { status: 204 }]);
    expect(await client.registrations.get("dev-1")).toEqual(state);
    await client.registrations.delete("dev-1", { ifMatch: "*" });
    expect(seen[1]).toMatchObject({
      method: "DELETE",
      path: "/registrations/dev-1?api-version=2021-10-01",
      headers: { "if-match": "*" },
    });
  });
});

describe("an attestation", () => {
  it("is read with its keys", async () => {
    const keys = { type: "symmetricKey", symmetricKey: { primaryKey: "a", secondaryKey: "b" } };
    const { client, seen } = clientFor([{ body: keys }, { status: 404 }]);
    expect(await client.enrollments.attestation("d")).toEqual(keys);
    expect(seen[0]).toMatchObject({
      method: "POST",
      path: "/enrollments/d/attestationmechanism?api-version=2021-10-01",
      body: undefined,
    });
    await expect(client.groups.attestation("g")).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("delete", () => {
  it("throws not-found for a group that was not there", async () => {
    const { client } = clientFor([{ status: 404 }]);
    await expect(client.groups.delete("a")).rejects.toMatchObject({ code: "not-found" });
  });

  it("is done if the answer was lost and the group is gone", async () => {
    const { client } = clientFor([{ breaks: "ECONNRESET" }, { status: 404 }]);
    await expect(client.groups.delete("a")).resolves.toBeUndefined();
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
    for await (const { enrollmentGroupId } of client.groups.query({ pageSize: 2 })) {
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
    for await (const _ of client.groups.query()) break;
    expect(seen).toHaveLength(1);
    expect(seen[0]?.headers["x-ms-max-item-count"]).toBeUndefined();
  });

  it("ask for what they are told to", async () => {
    const { client, seen } = clientFor([{ body: [] }]);
    const query = "SELECT * FROM enrollments WHERE provisioningStatus = 'disabled'";
    expect(await client.enrollments.query({ query }).next()).toMatchObject({ done: true });
    expect(seen[0]).toMatchObject({ path: expect.stringMatching(/^\/enrollments\/query\?/) });
    expect(seen[0]?.body).toEqual({ query });
  });

  it("go page by page, from the beginning each time", async () => {
    const page = (id: string) => ({ body: [{ registrationId: id }] });
    const first = { ...page("a"), headers: { "x-ms-continuation": "t" } };
    const { client } = clientFor([first, page("b"), first, page("b")]);
    const query = client.registrations.query("g");
    for (const _ of [1, 2]) {
      const pages = [];
      for await (const states of query.byPage()) pages.push(states);
      expect(pages).toEqual([[{ registrationId: "a" }], [{ registrationId: "b" }]]);
    }
  });

  it("stop at a service that gives the same page for ever", async () => {
    const page = { body: [], headers: { "x-ms-continuation": "t" } };
    const { client } = clientFor([page, page]);
    await expect(client.groups.query().next()).rejects.toMatchObject({ code: "protocol" });
  });

  it("stop at a service that leads in a circle", async () => {
    const page = (token: string) => ({ body: [], headers: { "x-ms-continuation": token } });
    const circle = ["start", ...Array.from({ length: 20 }, () => ["a", "b", "c"]).flat()];
    const { client, seen } = clientFor(circle.map(page));
    await expect(client.groups.query().next()).rejects.toMatchObject({ code: "protocol" });
    expect(seen.length).toBeLessThan(12);
  });

  it("give the registrations of a group", async () => {
    const { client, seen } = clientFor([{ body: [{ registrationId: "dev-1" }] }]);
    const states = [];
    for await (const state of client.registrations.query("g")) states.push(state);
    expect(states).toEqual([{ registrationId: "dev-1" }]);
    expect(seen[0]).toMatchObject({
      method: "POST",
      path: expect.stringMatching(/^\/registrations\/g\/query\?/),
    });
  });

  it.each([0, -1, 1.5])("refuse a page size of %d", async (pageSize) => {
    const { client } = clientFor([]);
    await expect(client.groups.query({ pageSize }).next()).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });
});
