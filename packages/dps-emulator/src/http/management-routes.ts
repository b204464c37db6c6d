import { requireBearer } from "../management/bearer.ts";
import {
  deleteCertificate,
  generateVerificationCode,
  getCertificate,
  listCertificates,
  putCertificate,
  verifyCertificate,
} from "../management/certificates.ts";
import { Refusal } from "../problems.ts";
import { readService } from "../provisioning-service.ts";
import type { ServiceResponse } from "./message.ts";
import type { Call, Handler, Route } from "./route.ts";

const SERVICE =
  "/subscriptions/:subscription/resourceGroups/:resourceGroup/providers/Microsoft.Devices/provisioningServices/:service";

/** A certificate operation of the service's own resource. */
const management =
  (operation: (call: Call, apiVersion: string) => ServiceResponse): Handler =>
  async (call) => {
    const { context, request } = call;
    await requireBearer(context, request.headers.authorization);
    const apiVersion = requireApiVersion(request.query);
    requireOwnService(call);
    return operation(call, apiVersion);
  };

const named = ({ part, ifMatch }: Call) => ({ name: part("certificate"), ifMatch });

export const MANAGEMENT_ROUTES: readonly Route[] = [
  ["GET", `${SERVICE}/certificates`, management(({ context }) => listCertificates(context))],
  [
    "GET",
    `${SERVICE}/certificates/:certificate`,
    management((call) => getCertificate(call.context, named(call).name)),
  ],
  [
    "PUT",
    `${SERVICE}/certificates/:certificate`,
    management((call, version) =>
      putCertificate(call.context, named(call), version, call.request.body),
    ),
  ],
  [
    "DELETE",
    `${SERVICE}/certificates/:certificate`,
    management((call) => deleteCertificate(call.context, named(call))),
  ],
  [
    "POST",
    `${SERVICE}/certificates/:certificate/generateVerificationCode`,
    management((call) => generateVerificationCode(call.context, named(call))),
  ],
  [
    "POST",
    `${SERVICE}/certificates/:certificate/verify`,
    management((call) => verifyCertificate(call.context, named(call), call.request.body)),
  ],
];

function requireApiVersion(query: URLSearchParams): string {
  const version = query.get("api-version");
  if (version === null || version === "") throw new Refusal("no-api-version");
  if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(version)) throw new Refusal("bad-api-version");
  return version;
}

function requireOwnService({ context, part }: Call): void {
  const own = context.store.read(readService);
  const differs = (name: string, mine: string) => part(name).toLowerCase() !== mine.toLowerCase();
  if (differs("subscription", own.subscriptionId)) {
    throw new Refusal("no-subscription", part("subscription"));
  }
  if (differs("resourceGroup", own.resourceGroup)) {
    throw new Refusal("no-resource-group", part("resourceGroup"));
  }
  if (differs("service", own.dpsName)) throw new Refusal("no-service", part("service"));
}
