import type { DpsClientErrorCode } from "./errors.ts";
import type { Failure } from "./failure.ts";
import { plainError } from "./redact.ts";

interface Rule {
  codes: RegExp;
  code: DpsClientErrorCode;
  retry: Failure["retry"];
  message: string;
  hint?: string;
}

const TRUST_HINT =
  "For an emulator pass the CA file that it wrote for its current state (`dps-certs emulator status` names it); behind a proxy that opens TLS, set NODE_EXTRA_CA_CERTS to its CA.";

/** Codes of node:net, node:tls and undici, and what they mean here. The first match counts. */
const RULES: readonly Rule[] = [
  {
    codes: /^ECONNREFUSED$/,
    code: "connection-refused",
    retry: "never",
    message: "nothing listens there",
    hint: "If it should be an emulator, start it with `dps-certs emulator start`, or unset DPS_EMULATOR_URL.",
  },
  {
    codes: /^ENOTFOUND$/,
    code: "host-not-found",
    retry: "never",
    message: "there is no host of that name",
    hint: "Check the name of the service, and the network's name server and proxy.",
  },
  {
    codes: /^CERT_HAS_EXPIRED$/,
    code: "tls",
    retry: "never",
    message: "the server's certificate has expired",
    hint: "Check this computer's clock; if it is an emulator, restart it (`dps-certs emulator stop`, `dps-certs emulator start`) for a new certificate.",
  },
  {
    codes: /^CERT_NOT_YET_VALID$/,
    code: "tls",
    retry: "never",
    message: "the server's certificate is not valid yet",
    hint: "Check this computer's clock.",
  },
  {
    codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    code: "tls",
    retry: "never",
    message: "the server's certificate is for another host",
    hint: "Use the host name that the service or emulator was given, not an alias or address of it.",
  },
  {
    codes:
      /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA)$/,
    code: "tls",
    retry: "never",
    message: "the server's certificate is not issued by a CA that is trusted here",
    hint: TRUST_HINT,
  },
  {
    codes: /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|EPROTO|UND_ERR_PRX_TLS|INVALID_PURPOSE|PATH_)/,
    code: "tls",
    retry: "never",
    message: "the TLS handshake failed",
  },
  {
    codes: /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/,
    code: "timeout",
    retry: "unsure",
    message: "the other side did not answer in time",
  },
  {
    codes: /^EAI_AGAIN$/,
    code: "network",
    retry: "safe",
    message: "the name server did not answer",
  },
  {
    // The last two: an answer that ends before its end.
    codes:
      /^(ECONNRESET|EPIPE|ECONNABORTED|EHOSTUNREACH|ENETUNREACH|ENETDOWN|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|HPE_INVALID_EOF_STATE)$/,
    code: "network",
    retry: "unsure",
    message: "the connection broke",
  },
  {
    codes: /^UND_ERR_(CLOSED|DESTROYED)$/,
    code: "closed",
    retry: "never",
    message: "the client was closed",
  },
  {
    // Our own time limits and signals never get here: this is a proxy that opened no tunnel.
    codes: /^UND_ERR_ABORTED$/,
    code: "network",
    retry: "never",
    message: "the proxy refused the connection",
    hint: "Check HTTPS_PROXY, and name hosts that need no proxy in NO_PROXY.",
  },
  {
    codes: /^(HPE|UND_ERR_HEADERS_OVERFLOW)/,
    code: "protocol",
    retry: "never",
    message: "what answered does not speak HTTP",
  },
  {
    codes: /^(UND_ERR_INVALID_ARG|ERR_INVALID_)/,
    code: "invalid-argument",
    retry: "never",
    message: "a value cannot be sent in a request",
  },
];

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === "string") return code;
  // undici 7 gives llhttp's errors no code.
  if (error.name === "HTTPParserError") {
    return /EOF/.test(error.message) ? "HPE_INVALID_EOF_STATE" : "HPE";
  }
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}

/**
 * What an error of the network or of TLS means.
 *
 * @param host is named in the message
 * @param secrets what was sent and must not appear in the error
 */
export function networkFailure(host: string, error: unknown, secrets: readonly string[]): Failure {
  const code = codeOf(error);
  const rule = RULES.find(({ codes }) => codes.test(code));
  return {
    code: rule?.code ?? "network",
    message: `${host}: ${rule?.message ?? "the request failed"}${code === "" ? "" : ` (${code})`}`,
    hint: rule?.hint,
    retry: rule?.retry ?? "never",
    cause: plainError(error, secrets),
  };
}

/** Every hint of the table. */
export const NETWORK_HINTS: readonly string[] = RULES.flatMap(({ hint }) => hint ?? []);
