import { MockAgent } from "undici";

interface Item {
  [member: string]: unknown;
  attestation?: { type?: string | undefined; symmetricKey?: unknown };
}

interface Asked {
  method: string;
  /** Parts of the path. */
  parts: string[];
  body: Item & { mode?: string; properties?: Item };
}

interface Answered {
  status?: number;
  body?: unknown;
}

const KEYS = { primaryKey: "AAAAAAAAAAAAAAAAAAAAAA==", secondaryKey: "AAAAAAAAAAAAAAAAAAAAAA==" };
const withoutKeys = (item: Item): Item => ({
  ...item,
  attestation: { type: item.attestation?.type },
});

/** Knows one kind of condition: `WHERE member = 'value'`. */
function queried(items: Iterable<Item>, query: unknown): Item[] {
  const [, member = "", value] = /WHERE (\w+) = '([^']*)'/.exec(String(query)) ?? [];
  return [...items].filter((item) => member === "" || item[member] === value).map(withoutKeys);
}

/** Enrollments or groups that hold still: no rules, no conditions. */
function collection(idMember: string, itemsMember: string): (asked: Asked) => Answered {
  const store = new Map<string, Item>();
  const put = (id: string, item: Item) => {
    const stored = { provisioningStatus: "enabled", ...item, etag: `e${store.size}` };
    store.set(id, stored);
    return stored;
  };
  const bulk = ({ mode, [itemsMember]: items }: Asked["body"]) => {
    for (const item of items as Item[]) {
      const id = String(item[idMember]);
      if (mode === "delete") store.delete(id);
      else put(id, item);
    }
    return { isSuccessful: true, errors: [] };
  };
  return ({ method, parts: [, id = "", verb], body }) => {
    if (id === "") return { body: bulk(body) };
    if (id === "query") return { body: queried(store.values(), body.query) };
    if (method === "PUT") return { body: put(id, body) };
    const stored = store.get(id);
    if (stored === undefined) return { status: 404 };
    if (verb !== undefined) return { body: { ...stored.attestation, symmetricKey: KEYS } };
    if (method === "GET") return { body: withoutKeys(stored) };
    store.delete(id);
    return { status: 204 };
  };
}

function registrations({ parts: [, , verb] }: Asked): Answered {
  const states = [{ registrationId: "sensor-1", status: "assigned" }];
  return verb === "query" ? { body: states } : { status: 404 };
}

function servicePlane(): (asked: Asked) => Answered {
  const collections: Readonly<Record<string, (asked: Asked) => Answered>> = {
    enrollmentGroups: collection("enrollmentGroupId", "enrollmentGroups"),
    enrollments: collection("registrationId", "enrollments"),
    registrations,
  };
  return (asked) => collections[asked.parts[0] ?? ""]?.(asked) ?? { status: 404 };
}

/** One service, with one policy and whatever certificate is uploaded. */
function managementPlane(host: string): (asked: Asked) => Answered {
  const id =
    "/subscriptions/s/resourceGroups/factory/providers/Microsoft.Devices/provisioningServices/mydps";
  const properties = { serviceOperationsHostName: host, idScope: "0ne00000012" };
  const sku = { name: "S1", capacity: 1 };
  const service = { id, name: "mydps", type: "t", location: "l", etag: "e", sku, properties };
  const policy = { keyName: "owner", ...KEYS, rights: "EnrollmentWrite" };
  const certificate = (isVerified: boolean) => ({
    name: "root",
    etag: "e",
    properties: { isVerified, thumbprint: "00", verificationCode: "C0DE" },
  });
  return ({ method, parts }) => {
    const last = parts.at(-1);
    if (last === "subscriptions") {
      const found = {
        id: "/subscriptions/s",
        subscriptionId: "s",
        displayName: "s",
        state: "Enabled",
      };
      return { body: { value: [found] } };
    }
    if (last === "provisioningServices") return { body: { value: [service] } };
    if (last === "listkeys") return { body: { value: [policy] } };
    if (method === "DELETE") return { status: 200 };
    if (parts.includes("certificates")) {
      const body = certificate(last === "verify");
      return { body: last === "certificates" ? { value: [body] } : body };
    }
    return { body: service };
  };
}

/** A device that registers is assigned at once. */
function devicePlane({ parts }: Asked): Answered {
  const registrationId = parts[2];
  const registrationState = {
    registrationId,
    status: "assigned",
    assignedHub: "hub.azure-devices.net",
    deviceId: registrationId,
  };
  return { body: { operationId: "4.0.x", status: "assigned", registrationState } };
}

/** Enough of Azure for the README's examples to run. */
export function fakeAzure(host: string): MockAgent {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const planes = {
    [`https://${host}`]: servicePlane(),
    "https://management.azure.com": managementPlane(host),
    "https://global.azure-devices-provisioning.net": devicePlane,
  };
  for (const [origin, answer] of Object.entries(planes)) {
    const asked = agent.get(origin).intercept({ path: () => true, method: () => true });
    asked
      .reply(({ method, path, body: text }) => {
        const parts = (path.split("?")[0] ?? "").split("/").filter((part) => part !== "");
        const body = typeof text === "string" && text !== "" ? JSON.parse(text) : {};
        const { status = 200, body: data } = answer({ method, parts, body });
        const headers = { "content-type": "application/json" };
        return {
          statusCode: status,
          data: data === undefined ? "" : JSON.stringify(data),
          responseOptions: { headers },
        };
      })
      .persist();
  }
  return agent;
}
