import { createHmac, timingSafeEqual } from "node:crypto";
import type { Context } from "../context.ts";
import type { ServiceRequest } from "../http/message.ts";
import { loopbackNameOf } from "../http/origin.ts";
import { Refusal } from "../problems.ts";
import { hostNameOf, type Policy, readService } from "../provisioning-service.ts";

export interface SasToken {
  /** The resource, literally as in the token: this text is what was signed. */
  sr: string;
  /** HMAC-SHA256. */
  signature: Buffer;
  /** Seconds since 1970, literally. */
  se: string;
  /** Name of the policy whose key signed; "" when the token names none. */
  skn: string;
}

const HMAC_BYTES = 32;

/**
 * Reads `SharedAccessSignature sr=…&sig=…&se=…&skn=…`, fields in any order and `skn` optional;
 * undefined when it is none.
 */
export function parseSasToken(authorization: string): SasToken | undefined {
  const fields = new Map<string, string>();
  const text = /^SharedAccessSignature +(\S+)$/i.exec(authorization.trim())?.[1] ?? "";
  for (const field of text.split("&")) {
    const at = field.indexOf("=");
    const name = field.slice(0, at);
    // Two values for one field: which of them was checked would be chance.
    if (at < 1 || fields.has(name)) return undefined;
    fields.set(name, field.slice(at + 1));
  }
  const { sr, sig, se, skn } = Object.fromEntries(fields);
  const signature = Buffer.from(decode(sig ?? "") ?? "", "base64");
  const policy = decode(skn ?? "");
  if (
    !sr ||
    !se ||
    policy === undefined ||
    !/^\d{1,15}$/.test(se) ||
    signature.length !== HMAC_BYTES
  ) {
    return undefined;
  }
  return { sr, signature, se, skn: policy };
}

/** Whether one of the keys (base64) signed the token. The literal `sr` counts: it is never re-encoded. */
export function isSignedBy({ sr, se, signature }: SasToken, keys: readonly string[]): boolean {
  return keys.some((key) => {
    const expected = createHmac("sha256", Buffer.from(key, "base64"))
      .update(`${sr}\n${se}`)
      .digest();
    return timingSafeEqual(expected, signature);
  });
}

/**
 * Whether the token is for this resource: its host is the service's, or the loopback name under which
 * the emulator was reached, and its path a prefix of the request's, segment by segment.
 */
export function coversRequest(
  sr: string,
  request: Pick<ServiceRequest, "headers" | "localPort" | "path">,
  hostName: string,
): boolean {
  // Decoded once: `%252F` stays an encoded slash inside a segment and never becomes a separator.
  const [host = "", ...path] = (decode(sr) ?? "").toLowerCase().replace(/\/$/, "").split("/");
  const requested = request.path.split("/").slice(1).map(decode);
  return (
    hostsOf(request, hostName).includes(host) &&
    path.every((segment, index) => segment === requested[index]?.toLowerCase())
  );
}

function hostsOf(
  request: Pick<ServiceRequest, "headers" | "localPort">,
  hostName: string,
): string[] {
  const own = loopbackNameOf(request);
  return [hostName, ...(own === undefined ? [] : [own])].flatMap((host) => [
    host,
    `${host}:${request.localPort}`,
  ]);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Lets a request of the service data plane pass only with a SAS token that a key of the service
 * signed for this resource, and that has not expired.
 *
 * @returns the policy whose key it was
 * @throws {Refusal} `unauthorized`, without saying what was wrong
 */
export function requireSas(context: Context, request: ServiceRequest): Policy {
  const token = parseSasToken(request.headers.authorization ?? "");
  if (token === undefined) throw new Refusal("unauthorized");
  const service = context.store.read(readService);
  const policy: Policy | undefined = service.policies.find(({ keyName }) => keyName === token.skn);
  if (
    policy === undefined ||
    !isSignedBy(token, [policy.primaryKey, policy.secondaryKey]) ||
    context.now().getTime() >= Number(token.se) * 1000 ||
    !coversRequest(token.sr, request, hostNameOf(service))
  ) {
    throw new Refusal("unauthorized");
  }
  return policy;
}
