import { type Context, randomGuid } from "../context.ts";
import { PROBLEMS, Refusal } from "../problems.ts";
import { messageTime, timestamp } from "../time.ts";
import { managementHeaders, rateHeaders } from "./management-headers.ts";
import type { ServiceRequest, ServiceResponse } from "./message.ts";
import { findRoute } from "./router.ts";

/** Told of what went wrong inside the emulator itself; the client gets `trackingId` alone. */
export type OnError = (error: unknown, trackingId: string) => void;

export type Plane = "management" | "service";

/** Whose form of answers a path gets; the device plane's is the service plane's. */
export function planeOf(path: string): Plane {
  return /^\/(subscriptions|emulator|health)(\/|$)/i.test(path) ? "management" : "service";
}

/** Answers a request. Never throws: what goes wrong is an answer in the form of the request's plane. */
export async function answer(
  context: Context,
  request: ServiceRequest,
  onError: OnError,
): Promise<ServiceResponse> {
  const plane = planeOf(request.path);
  try {
    const { handler, part } = findRoute(request.method, request.path);
    const ifMatch = request.headers["if-match"];
    const response = await handler({ context, request, part, ifMatch });
    return withHeaders(response, { ...planeHeaders(context, plane), ...rateHeaders(request) });
  } catch (error) {
    return withHeaders(refuse(context, plane, error, onError), rateHeaders(request));
  }
}

/** The answer to a request that is refused, or that failed inside. */
export function refuse(
  context: Context,
  plane: Plane,
  error: unknown,
  onError: OnError,
): ServiceResponse {
  const refusal = error instanceof Refusal ? error : new Refusal("internal", "", { cause: error });
  const trackingId = randomGuid(context.randomBytes);
  if (refusal !== error) onError(error, trackingId);
  const response =
    plane === "management"
      ? managementRefusal(refusal, trackingId, context.now())
      : serviceRefusal(refusal, trackingId, context.now());
  return withHeaders(response, planeHeaders(context, plane, trackingId));
}

/** The response's own headers count for more. */
function withHeaders(response: ServiceResponse, headers: Record<string, string>): ServiceResponse {
  return { ...response, headers: { ...headers, ...response.headers } };
}

function managementRefusal(refusal: Refusal, trackingId: string, now: Date): ServiceResponse {
  const { status, management: code = "InvalidRequest" } = PROBLEMS[refusal.problem];
  const headers = status === 401 ? { "WWW-Authenticate": "Bearer" } : {};
  if (typeof code === "string") {
    return { status, headers, body: { error: { code, message: refusal.message } } };
  }
  const message =
    `${refusal.message} If you contact a support representative please include this correlation ` +
    `identifier: ${trackingId}, timestamp: ${messageTime(now)}, errorcode: IH${code}.`;
  return {
    status,
    body: { code, httpStatusCode: HTTP_STATUS_CODE[status] ?? `${status}`, message },
  };
}

/** Names of .NET's HttpStatusCode, as the resource provider writes them. */
const HTTP_STATUS_CODE: Readonly<Record<number, string>> = {
  400: "BadRequest",
  412: "PreconditionFailed",
  500: "InternalServerError",
};

function serviceRefusal(refusal: Refusal, trackingId: string, now: Date): ServiceResponse {
  const { status, service: errorCode = status * 1000 } = PROBLEMS[refusal.problem];
  return {
    status,
    headers: { "x-ms-error-code": `${errorCode}` },
    body: { errorCode, trackingId, message: refusal.message, timestampUtc: timestamp(now) },
  };
}

function planeHeaders(
  context: Context,
  plane: Plane,
  trackingId: string = randomGuid(context.randomBytes),
): Record<string, string> {
  if (plane === "service") return { "x-ms-request-id": trackingId };
  return managementHeaders(context, trackingId);
}
