import type { TokenCredential } from "@azure/core-auth";
import {
  type AccessRight,
  API_VERSION,
  ProvisioningServiceDescription,
  ProvisioningServiceList,
  type ServiceResource,
  SharedAccessPolicy,
  SharedAccessPolicyList,
  SubscriptionList,
  servicePath,
} from "@dps-certs/dps-protocol";
import { bearerAuthorization } from "./authorization.ts";
import { checked } from "./checked.ts";
import { CLOUDS } from "./clouds.ts";
import { parseEndpoint, pathSegment } from "./endpoint.ts";
import {
  type FindScope,
  type FoundService,
  findService,
  type Subscription,
} from "./find-service.ts";
import { linkedPages } from "./linked-pages.ts";
import type { CallOptions, TransportOptions } from "./options.ts";
import { SYSTEM_RUNTIME } from "./runtime.ts";
import { policyConnectionString } from "./service-policy.ts";
import { createTransport, type Transport } from "./transport.ts";

/** api-version of the list of subscriptions, which is not the provisioning service's own. */
export const SUBSCRIPTIONS_API_VERSION = "2022-12-01";

export interface ProvisioningServicesClientOptions extends TransportOptions {
  /** @default "https://management.azure.com" */
  endpoint?: string | undefined;
  /** Entra ID, or `staticToken` for an emulator. */
  credential: TokenCredential;
  /**
   * What a token is asked for; another cloud has another.
   * @default "https://management.azure.com/.default"
   */
  scope?: string | undefined;
  /** @default API_VERSION.management */
  apiVersion?: string | undefined;
}

export interface ListServicesOptions extends CallOptions {
  subscriptionId: string;
  /** @default every resource group of the subscription */
  resourceGroup?: string | undefined;
}

export interface FindServiceOptions extends CallOptions, FindScope {}

export interface ConnectionStringRights extends CallOptions {
  /**
   * What the policy must allow.
   * @default ["EnrollmentWrite"], which the policy has that every service begins with
   */
  rights?: readonly AccessRight[] | undefined;
  /** The service, where it is known already. */
  description?: ProvisioningServiceDescription | undefined;
}

/** Provisioning services themselves, through Azure Resource Manager. */
export class ProvisioningServicesClient {
  readonly #transport: Transport;

  constructor(options: ProvisioningServicesClientOptions) {
    this.#transport = createTransport({
      plane: "management",
      endpoint: parseEndpoint(options.endpoint ?? CLOUDS.AzureCloud.managementEndpoint),
      apiVersion: options.apiVersion ?? API_VERSION.management,
      authorize: bearerAuthorization(
        options.credential,
        options.scope ?? CLOUDS.AzureCloud.managementScope,
        options.runtime?.now ?? SYSTEM_RUNTIME.now,
      ),
      options,
    });
  }

  /** The subscriptions that the identity sees, over however many pages there are. */
  subscriptions(options: CallOptions = {}): AsyncGenerator<Subscription, void, undefined> {
    const what = "list subscriptions";
    const request = {
      what,
      path: "/subscriptions",
      apiVersion: SUBSCRIPTIONS_API_VERSION,
    };
    return linkedPages(
      this.#transport,
      request,
      options.signal,
      (body) => checked(SubscriptionList, body, "a list of subscriptions", what).value,
    );
  }

  /**
   * The services of a subscription, or of one resource group of it.
   *
   * @throws {DpsClientError} `not-found` for a subscription or group that the identity does not see
   */
  list(
    options: ListServicesOptions,
  ): AsyncGenerator<ProvisioningServiceDescription, void, undefined> {
    const { subscriptionId, resourceGroup, signal } = options;
    const what = `list provisioning services of subscription ${subscriptionId}`;
    const group =
      resourceGroup === undefined
        ? ""
        : `/resourceGroups/${pathSegment(resourceGroup, "resourceGroup")}`;
    const path = `/subscriptions/${pathSegment(subscriptionId, "subscriptionId")}${group}/providers/Microsoft.Devices/provisioningServices`;
    return linkedPages(
      this.#transport,
      { what, path },
      signal,
      (body) => checked(ProvisioningServiceList, body, "a list of services", what).value,
    );
  }

  /** @throws {DpsClientError} `not-found` */
  async get(
    resource: ServiceResource,
    { signal }: CallOptions = {},
  ): Promise<ProvisioningServiceDescription> {
    const what = `get provisioning service ${resource.dpsName}`;
    const path = resourcePath(resource);
    const { body } = await this.#transport.send({ what, method: "GET", path, signal });
    return checked(ProvisioningServiceDescription, body, "a provisioning service", what);
  }

  /**
   * Looks a service up by its name in whatever the identity sees, or in one subscription or resource
   * group. Names are compared without case.
   *
   * @throws {DpsClientError} `not-found` and `ambiguous`, whose hints say what to give
   */
  find(dpsName: string, options: FindServiceOptions = {}): Promise<FoundService> {
    return findService(this, dpsName, options);
  }

  /**
   * The shared access policies with their keys, which are secrets.
   *
   * @throws {DpsClientError} `forbidden` without the right `Microsoft.Devices/provisioningServices/listkeys/Action`
   */
  async listKeys(
    resource: ServiceResource,
    { signal }: CallOptions = {},
  ): Promise<SharedAccessPolicy[]> {
    const what = `list the keys of ${resource.dpsName}`;
    const path = `${resourcePath(resource)}/listkeys`;
    const { body } = await this.#transport.send({ what, method: "POST", path, signal });
    return checked(SharedAccessPolicyList, body, "a list of policies", what).value;
  }

  /**
   * One shared access policy with its keys, which are secrets.
   *
   * @throws {DpsClientError} `not-found`
   */
  async getKey(
    resource: ServiceResource,
    keyName: string,
    { signal }: CallOptions = {},
  ): Promise<SharedAccessPolicy> {
    const what = `get the keys of policy ${keyName} of ${resource.dpsName}`;
    const path = `${resourcePath(resource)}/keys/${pathSegment(keyName, "keyName")}/listkeys`;
    const { body } = await this.#transport.send({ what, method: "POST", path, signal });
    return checked(SharedAccessPolicy, body, "a policy", what);
  }

  /**
   * A connection string, which is a secret, of the policy that allows least beyond what is asked for.
   *
   * @throws {DpsClientError} `forbidden` if no policy allows it, or the service takes no keys at all
   */
  async connectionString(
    resource: ServiceResource,
    { rights = ["EnrollmentWrite"], description, signal }: ConnectionStringRights = {},
  ): Promise<string> {
    const service = description ?? (await this.get(resource, { signal }));
    const policies = () => this.listKeys(resource, { signal });
    return await policyConnectionString(service, rights, policies);
  }

  /** Closes the client's connections; requests under way end first. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function resourcePath(resource: ServiceResource): string {
  pathSegment(resource.subscriptionId, "subscriptionId");
  pathSegment(resource.resourceGroup, "resourceGroup");
  pathSegment(resource.dpsName, "dpsName");
  return servicePath(resource);
}
