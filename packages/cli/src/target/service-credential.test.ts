import {
  DpsClientError,
  type FoundService,
  ProvisioningServicesClient,
} from "@dps-certs/dps-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AzureStandIn, startAzure, withoutDataRole } from "../testing/azure.ts";
import { chooseServiceCredential, type ServiceCredentialOptions } from "./service-credential.ts";

let azure: AzureStandIn;
let located: FoundService;
beforeAll(async () => {
  azure = await startAzure();
  const { access, emulator } = azure;
  await using services = new ProvisioningServicesClient({
    endpoint: emulator.url,
    credential: await access.createCredential(),
    ca: emulator.caPem,
  });
  located = await services.find(emulator.dpsName);
});
afterAll(() => azure.close());

/** Without a data role, with a service that may be found, and keys that may not be listed. */
async function options(
  changes: Partial<ServiceCredentialOptions> = {},
): Promise<ServiceCredentialOptions> {
  const { url: endpoint, caPem: ca, dpsName, hostName: sasResource } = azure.emulator;
  return {
    dpsName,
    credential: await withoutDataRole(azure),
    client: { endpoint, ca, sasResource },
    services: {
      connectionString: () => Promise.reject(new DpsClientError("forbidden", "listkeys")),
    },
    takesNoKeys: () => Promise.resolve(false),
    located,
    problem: undefined,
    note: () => undefined,
    ...changes,
  };
}

const refusal = async (changes: Partial<ServiceCredentialOptions>): Promise<DpsClientError> =>
  await chooseServiceCredential(await options(changes)).then(
    () => expect.fail("was let in"),
    (error) => error,
  );

describe("how enrollments are reached without a connection string", () => {
  it("is Entra ID where the identity has a data role; no key is asked for", async () => {
    const credential = await azure.access.createCredential();
    expect(await chooseServiceCredential(await options({ credential }))).toBe(credential);
  });

  it.each([
    [
      "the service takes no keys in its place",
      () => ({ takesNoKeys: () => Promise.resolve(true) }),
    ],
    ["it may not use the service's keys", () => ({})],
    ["Azure Resource Manager does not show it the service", () => ({ located: undefined })],
  ])("names the role that is missing where %s", async (reason, changes) => {
    const { code, message, hint } = await refusal(changes());
    expect([code, message, hint]).toEqual([
      "forbidden",
      expect.stringContaining(reason),
      expect.stringContaining('--role "Device Provisioning Service Data Contributor"'),
    ]);
  });

  it("says that the name is wrong, rather than that its host is not there", async () => {
    const problem = new DpsClientError("not-found", "there is none of that name");
    const request = () => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" }));
    const client = {
      endpoint: "https://nowhere.example",
      dispatcher: { request } as never,
      retry: { attempts: 1 },
    };
    expect(await refusal({ client, problem, located: undefined })).toBe(problem);
  });
});
