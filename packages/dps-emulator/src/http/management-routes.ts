import { requireBearer } from "../management/bearer.ts";
import {
  deleteCertificate,
  generateVerificationCode,
  getCertificate,
  listCertificates,
  putCertificate,
  verifyCertificate,
} from "../management/certificates.ts";
import { getKeys, listKeys } from "../management/policies.ts";
import {
  checkName,
  getOperation,
  getService,
  listServices,
  listSkus,
  patchService,
  putService,
} from "../management/service-resource.ts";
import {
  getProvider,
  getResourceGroup,
  getSubscription,
  listProviders,
  listResourceGroups,
  listSubscriptions,
} from "../management/subscriptions.ts";
import { Refusal } from "../problems.ts";
import { type ProvisioningService, readService } from "../provisioning-service.ts";
import type { ServiceResponse } from "./message.ts";
import { originOf } from "./origin.ts";
import type { Call, Handler, Method, Route } from "./route.ts";

const SUBSCRIPTION = "/subscriptions/:subscription";
const GROUP = `${SUBSCRIPTION}/resourceGroups/:resourceGroup`;
const PROVIDER = "/providers/Microsoft.Devices";
const SERVICES = `${PROVIDER}/provisioningServices`;
const SERVICE = `${GROUP}${SERVICES}/:service`;
const CERTIFICATE = `${SERVICE}/certificates/:certificate`;

type Operation = (call: Call, apiVersion: string, own: ProvisioningService) => ServiceResponse;

/** A management operation, on the one service and what holds it. */
function route(method: Method, path: string, operation: Operation): Route {
  const handler: Handler = async (call) => {
    const { context, request } = call;
    await requireBearer(context, request.headers.authorization);
    const apiVersion = requireApiVersion(request.query);
    const own = context.store.read(readService);
    requireOwn(call, path, own);
    return operation(call, apiVersion, own);
  };
  return [method, path, handler];
}

const named = ({ part, ifMatch }: Call) => ({ name: part("certificate"), ifMatch });
const sent = ({ request, ifMatch }: Call) => ({ body: request.body, ifMatch });

const CERTIFICATE_ROUTES: readonly Route[] = [
  route("GET", `${SERVICE}/certificates`, ({ context }) => listCertificates(context)),
  route("GET", CERTIFICATE, (call) => getCertificate(call.context, named(call).name)),
  route("PUT", CERTIFICATE, (call, version) =>
    putCertificate(call.context, named(call), version, call.request.body),
  ),
  route("DELETE", CERTIFICATE, (call) => deleteCertificate(call.context, named(call))),
  route("POST", `${CERTIFICATE}/generateVerificationCode`, (call) =>
    generateVerificationCode(call.context, named(call)),
  ),
  route("POST", `${CERTIFICATE}/verify`, (call) =>
    verifyCertificate(call.context, named(call), call.request.body),
  ),
];

const SERVICE_RESOURCE_ROUTES: readonly Route[] = [
  route("GET", `${SUBSCRIPTION}${SERVICES}`, ({ context }) => listServices(context)),
  route("GET", `${GROUP}${SERVICES}`, ({ context }) => listServices(context)),
  route("GET", SERVICE, ({ context }) => getService(context)),
  route("PUT", SERVICE, (call, apiVersion) =>
    putService(call.context, { ...sent(call), origin: originOf(call.request), apiVersion }),
  ),
  route("PATCH", SERVICE, (call) => patchService(call.context, sent(call))),
  route("DELETE", SERVICE, () => {
    throw new Refusal("one-service");
  }),
  route("POST", `${SERVICE}/listkeys`, ({ context }) => listKeys(context)),
  route("POST", `${SERVICE}/keys/:key/listkeys`, ({ context, part }) =>
    getKeys(context, part("key")),
  ),
  route("GET", `${SERVICE}/skus`, listSkus),
  route("GET", `${SERVICE}/operationResults/:operation`, ({ part }) =>
    getOperation(part("operation")),
  ),
  route(
    "POST",
    `${SUBSCRIPTION}${PROVIDER}/checkProvisioningServiceNameAvailability`,
    ({ context, request }) => checkName(context, request.body),
  ),
];

/** What the service lies in: one subscription with one resource group. */
const SUBSCRIPTION_ROUTES: readonly Route[] = [
  route("GET", "/subscriptions", (_call, _version, own) => listSubscriptions(own)),
  route("GET", SUBSCRIPTION, (_call, _version, own) => getSubscription(own)),
  route("GET", `${SUBSCRIPTION}/resourceGroups`, (_call, _version, own) => listResourceGroups(own)),
  route("GET", GROUP, (_call, _version, own) => getResourceGroup(own)),
  route("GET", `${SUBSCRIPTION}/providers`, (_call, _version, own) => listProviders(own)),
  route("GET", `${SUBSCRIPTION}/providers/:namespace`, ({ part }, _version, own) =>
    getProvider(own, part("namespace")),
  ),
];

export const MANAGEMENT_ROUTES: readonly Route[] = [
  ...CERTIFICATE_ROUTES,
  ...SERVICE_RESOURCE_ROUTES,
  ...SUBSCRIPTION_ROUTES,
];

function requireApiVersion(query: URLSearchParams): string {
  const version = query.get("api-version");
  if (version === null || version === "") throw new Refusal("no-api-version");
  if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(version)) throw new Refusal("bad-api-version");
  return version;
}

/** @param path - of the route: it says which names a request must have right */
function requireOwn({ part, request }: Call, path: string, own: ProvisioningService): void {
  const differs = (name: string, mine: string) =>
    path.includes(`:${name}`) && part(name).toLowerCase() !== mine.toLowerCase();
  if (differs("subscription", own.subscriptionId)) {
    throw new Refusal("no-subscription", part("subscription"));
  }
  if (differs("resourceGroup", own.resourceGroup)) {
    throw new Refusal("no-resource-group", part("resourceGroup"));
  }
  if (!differs("service", own.dpsName)) return;
  // PUT under another name asks for a second service.
  const creates = request.method === "PUT" && path === SERVICE;
  throw new Refusal(creates ? "one-service" : "no-service", part("service"));
}
