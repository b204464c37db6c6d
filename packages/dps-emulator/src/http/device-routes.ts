import { type AuthenticatedDevice, authenticate } from "../device/authenticate.ts";
import { poll } from "../device/poll.ts";
import { lookUpStatus, register } from "../device/register.ts";
import type { ServiceResponse } from "./message.ts";
import type { Call, Handler, Route } from "./route.ts";

const device =
  (operation: (call: Call, one: AuthenticatedDevice) => ReturnType<Handler>): Handler =>
  (call) => {
    const { context, request, part } = call;
    const claim = {
      idScope: part("idScope"),
      registrationId: part("id"),
      peer: request.peer,
      token: request.headers.authorization,
    };
    return operation(call, authenticate(context, claim));
  };

export const DEVICE_ROUTES: readonly Route[] = [
  [
    "PUT",
    "/:idScope/registrations/:id/register",
    device((call, one) => withLocation(call, register(call.context, one, call.request.body))),
  ],
  [
    "GET",
    "/:idScope/registrations/:id/operations/:operation",
    device((call, one) => poll(call.context, one, call.part("operation"))),
  ],
  ["POST", "/:idScope/registrations/:id", device(({ context }, one) => lookUpStatus(context, one))],
];

function withLocation({ request }: Call, response: ServiceResponse): ServiceResponse {
  const Location = `https://${request.headers.host ?? "localhost"}${request.path}`;
  return { ...response, headers: { ...response.headers, Location } };
}
