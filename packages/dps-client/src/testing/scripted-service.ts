import { MockAgent } from "undici";

export interface Step {
  /** @default 200 */
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** Breaks the connection with this code in place of an answer. */
  breaks?: string;
}

interface SeenHeaders {
  [name: string]: string | undefined;
  authorization?: string;
}

export interface SeenRequest {
  method: string;
  path: string;
  headers: SeenHeaders;
  body: unknown;
}

export interface ScriptedService {
  dispatcher: MockAgent;
  /** The requests that were answered, in order. */
  seen: SeenRequest[];
}

function asText(body: unknown): string {
  if (body === undefined) return "";
  return typeof body === "string" ? body : JSON.stringify(body);
}

/** Answers one request a step, in order, whatever is asked; one more request is an error. */
export function scriptedService(
  endpoint: string,
  steps: readonly (Step | ((request: SeenRequest) => Step))[],
): ScriptedService {
  const dispatcher = new MockAgent();
  dispatcher.disableNetConnect();
  const seen: SeenRequest[] = [];
  const pool = dispatcher.get(endpoint);
  for (const step of steps) {
    const interceptor = pool.intercept({ path: () => true, method: () => true });
    if (typeof step !== "function" && step.breaks !== undefined) {
      interceptor.replyWithError(Object.assign(new Error("broken"), { code: step.breaks }));
      continue;
    }
    interceptor.reply(({ method, path, headers, body }) => {
      const request: SeenRequest = {
        method,
        path,
        headers: headers as SeenHeaders,
        body: typeof body === "string" && body !== "" ? JSON.parse(body) : undefined,
      };
      seen.push(request);
      const {
        status = 200,
        body: answer,
        headers: more,
      } = typeof step === "function" ? step(request) : step;
      return {
        statusCode: status,
        data: asText(answer),
        responseOptions: { headers: { "content-type": "application/json", ...more } },
      };
    });
  }
  return { dispatcher, seen };
}
