import type { Context } from "../context.ts";
import { requireBearer } from "../management/bearer.ts";
import { Refusal } from "../problems.ts";
import { hostNameOf, readService } from "../provisioning-service.ts";
import { VERSION } from "../version.ts";
import type { ServiceResponse } from "./message.ts";
import type { Call, Route } from "./route.ts";

/** What the emulator answers as itself, and no provisioning service has. */
export const OWN_ROUTES: readonly Route[] = [
  ["GET", "/health", ({ context }) => health(context)],
  ["POST", "/emulator/stop", stop],
];

async function stop({ context, request }: Call): Promise<ServiceResponse> {
  await requireBearer(context, request.headers.authorization);
  const { onStop } = context.settings;
  if (onStop === undefined) throw new Refusal("no-such-path");
  return { status: 202, body: {}, afterwards: onStop };
}

/** Tells, without a secret, which state is served here. */
function health(context: Context): ServiceResponse {
  const own = context.store.read(readService);
  const { nonce, idScope, subscriptionId, resourceGroup, dpsName } = own;
  return {
    status: 200,
    body: {
      nonce,
      idScope,
      subscriptionId,
      resourceGroup,
      dpsName,
      hostName: hostNameOf(own),
      version: VERSION,
    },
  };
}
