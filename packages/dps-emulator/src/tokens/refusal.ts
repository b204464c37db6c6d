import { type Context, randomGuid } from "../context.ts";
import type { ServiceResponse } from "../http/message.ts";
import { messageTime } from "../time.ts";

interface Problem {
  status: number;
  /** RFC 6749 §5.2, or Entra's own. */
  error: string;
  /** The number behind AADSTS. */
  code: number;
  text: string;
}

type ProblemName =
  | "tenant-unknown"
  | "parameter-missing"
  | "parameter-twice"
  | "grant-unsupported"
  | "client-unknown"
  | "secret-missing"
  | "secret-wrong"
  | "scope-invalid"
  | "scope-without-default"
  | "resource-unknown";

/** `{}` stands for the name of a parameter. What a client sent is never quoted: it may be a secret. */
const PROBLEMS: Readonly<Record<ProblemName, Problem>> = {
  "tenant-unknown": {
    status: 400,
    error: "invalid_request",
    code: 90002,
    text: "The tenant was not found: it is not this emulator's.",
  },
  "parameter-missing": {
    status: 400,
    error: "invalid_request",
    code: 900144,
    text: "The request body must contain the parameter '{}'.",
  },
  "parameter-twice": {
    status: 400,
    error: "invalid_request",
    code: 9000411,
    text: "The parameter '{}' is duplicated.",
  },
  "grant-unsupported": {
    status: 400,
    error: "unsupported_grant_type",
    code: 70003,
    text: "The grant type is not supported: the emulator knows client_credentials.",
  },
  "client-unknown": {
    status: 400,
    error: "unauthorized_client",
    code: 700016,
    text: "The application was not found: client_id is not this emulator's.",
  },
  "secret-missing": {
    status: 401,
    error: "invalid_client",
    code: 7000216,
    text: "client_secret is required for the grant type client_credentials.",
  },
  "secret-wrong": {
    status: 401,
    error: "invalid_client",
    code: 7000215,
    text: "Invalid client secret provided.",
  },
  "scope-invalid": {
    status: 400,
    error: "invalid_scope",
    code: 70011,
    text: "The parameter 'scope' is not valid: it names one resource.",
  },
  "scope-without-default": {
    status: 400,
    error: "invalid_scope",
    code: 1002012,
    text: "The parameter 'scope' is not valid: with client credentials it ends in /.default.",
  },
  "resource-unknown": {
    status: 400,
    error: "invalid_resource",
    code: 500011,
    text: "The resource was not found: the emulator knows Azure Resource Manager and https://azure-devices-provisioning.net.",
  },
};

/** Thrown to refuse a token. */
export class TokenRefusal extends Error {
  override readonly name = "TokenRefusal";
  readonly problem: ProblemName;
  readonly parameter: string;

  constructor(problem: ProblemName, parameter = "") {
    super(problem);
    this.problem = problem;
    this.parameter = parameter;
  }
}

/** The refusal as Entra writes it. */
export function refuseToken(context: Context, refusal: TokenRefusal): ServiceResponse {
  const { status, error, code, text } = PROBLEMS[refusal.problem];
  const [trace, correlation] = [randomGuid(context.randomBytes), randomGuid(context.randomBytes)];
  const timestamp = messageTime(context.now());
  const description = `AADSTS${code}: ${text.replace("{}", () => refusal.parameter)}`;
  return {
    status,
    headers: { "Cache-Control": "no-store, no-cache", Pragma: "no-cache" },
    body: {
      error,
      error_description: `${description} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
    },
  };
}
