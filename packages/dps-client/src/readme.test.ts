import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as client from "./index.ts";
import { fakeAzure } from "./testing/fake-service.ts";
import { type OpensslPki, opensslPki, type Pair } from "./testing/openssl-pki.ts";
import { CONNECTION_STRING, HOST } from "./testing/service-client.ts";

const readme = readFileSync(join(import.meta.dirname, "..", "README.md"), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ""]) => code);
const dispatcher = fakeAzure(HOST);

/** The package's clients, which reach the fake service in place of Azure. */
const wired = {
  ...client,
  EnrollmentClient: class extends client.EnrollmentClient {
    constructor(options: client.EnrollmentClientOptions) {
      super({ ...options, dispatcher });
    }
    static override fromConnectionString(text: string) {
      return client.EnrollmentClient.fromConnectionString(text, { dispatcher });
    }
  },
  CertificatesClient: class extends client.CertificatesClient {
    constructor(options: client.CertificatesClientOptions) {
      super({ ...options, dispatcher });
    }
  },
  ProvisioningServicesClient: class extends client.ProvisioningServicesClient {
    constructor(options: client.ProvisioningServicesClientOptions) {
      super({ ...options, dispatcher });
    }
  },
  RegistrationClient: class extends client.RegistrationClient {
    constructor(options: client.RegistrationClientOptions) {
      super({ ...options, dispatcher });
    }
  },
};

let pki: OpensslPki;
let device: Pair;
beforeAll(() => {
  pki = opensslPki();
  device = pki.issue("thermostat-1");
});
afterAll(() => pki.remove());

/** Runs an example as it stands, but for the place that its imports come from; what it prints. */
async function run(example: string): Promise<string> {
  const modules = {
    "@dps-certs/dps-client": wired,
    "@azure/identity": {
      DefaultAzureCredential: class {
        getToken = client.staticToken("token").getToken;
      },
    },
    "node:fs": { readFileSync: () => pki.root.certPem },
  };
  const printed: unknown[][] = [];
  const given = {
    modules,
    console: { log: (...values: unknown[]) => printed.push(values) },
    process: {
      env: { DPS_CONNECTION_STRING: CONNECTION_STRING, DEVICE_CERTIFICATE: device.certPem },
    },
    rootPem: pki.root.certPem,
    signVerification: () => Promise.resolve(pki.root.certPem),
    leafAndIntermediates: device.certPem,
    keyPem: device.keyPem,
    groupKey: Buffer.alloc(32, 1).toString("base64"),
  };
  const body = example.replaceAll(
    /^import (\{[^}]*\}) from ("[^"]*");$/gm,
    "const $1 = modules[$2];",
  );
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  const code = AsyncFunction(...Object.keys(given), body) as (...all: unknown[]) => Promise<void>;
  await code(...Object.values(given));
  return printed.map((values) => values.join(" ")).join("\n");
}

describe("README.md", () => {
  it.each([
    ["the quick start", 0, "thermostats enabled\nthermostats"],
    [
      "every call about enrollments",
      1,
      [
        "enabled string",
        "press-2 created",
        "press-3 created",
        "press-1",
        "3",
        "sensor-1 assigned",
        "",
        "true",
        "true",
      ].join("\n"),
    ],
    ["certificates", 2, "true"],
    ["services and keys", 3, "factory 0ne00000012\ntrue"],
    ["devices", 4, "hub.azure-devices.net thermostat-1"],
  ])("shows code that runs: %s", async (_, index, printed) => {
    expect(await run(examples[index] ?? "")).toBe(printed);
  });

  it("has no example that is not run", () => {
    expect(examples).toHaveLength(5);
  });
});
