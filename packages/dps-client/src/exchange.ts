import type { Dispatcher } from "undici";
import { attempt, CUT_SHORT, NOT_JSON } from "./attempt.ts";
import type { Authorization, Authorize } from "./authorization.ts";
import { bodySecrets } from "./body-secrets.ts";
import { encodeRequest, type Target } from "./encode-request.ts";
import type { Failure } from "./failure.ts";
import type { Plane } from "./hints.ts";
import { type Answer, httpFailure } from "./http-failure.ts";
import type { TransportRequest } from "./transport.ts";

export interface ExchangeSettings {
  plane: Plane;
  target: Target;
  authorize: Authorize;
  dispatcher: Dispatcher;
  maxResponseBytes: number;
  now: () => number;
}

/** A failed exchange. */
export interface FailedExchange extends Failure {
  /** The token was good before and is refused now: another may be had by `drop`. */
  refused?: Authorization | undefined;
}

/** undefined for a 2xx answer that can be read. */
function failureOf(
  plane: Plane,
  answer: Answer,
  secrets: readonly string[],
  now: number,
): Failure | undefined {
  const { status, body } = answer;
  if (status < 200 || status > 299) return httpFailure(plane, answer, secrets, now);
  if (body === CUT_SHORT) {
    const message = `the answer (HTTP ${status}) ended before its end`;
    return { code: "network", message, status, retry: "unsure" };
  }
  if (body !== NOT_JSON) return undefined;
  return {
    code: "protocol",
    message: `the answer (HTTP ${status}) is not JSON`,
    status,
    retry: "never",
    maybeApplied: true,
    hint: "Something other than the service may have answered: check the endpoint and the proxy.",
  };
}

/** One request and its answer, within `timeoutMs` milliseconds. */
export type Exchange = (
  request: TransportRequest,
  timeoutMs: number,
) => Promise<Answer | FailedExchange>;

export function createExchange(settings: ExchangeSettings): Exchange {
  const { plane, target, dispatcher, maxResponseBytes, now } = settings;
  /** What the service took at least once: its refusal then says that its time is over. */
  const proven = new WeakSet<Authorization>();
  return async (request, timeoutMs) => {
    let authorization: Authorization | undefined;
    const secrets = () => [...(authorization?.secrets ?? []), ...bodySecrets(request.body)];
    const answer = await attempt({
      dispatcher,
      prepare: async (signal) => {
        authorization = await (request.authorize ?? settings.authorize)(signal);
        return encodeRequest(target, request, authorization?.header);
      },
      secrets,
      host: target.endpoint.host,
      timeoutMs,
      maxResponseBytes,
      signal: request.signal,
    });
    if ("code" in answer) return answer;
    const failure = failureOf(plane, answer, secrets(), now());
    if (authorization !== undefined && answer.status !== 401) proven.add(authorization);
    if (failure === undefined) return answer;
    const wasGood = authorization !== undefined && proven.has(authorization);
    return { ...failure, refused: answer.status === 401 && wasGood ? authorization : undefined };
  };
}
