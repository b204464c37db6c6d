import { ACCESS_RIGHTS, type SharedAccessPolicy } from "@dps-certs/dps-protocol";
import type { Context } from "../context.ts";
import type { ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import { drawKey, OWNER_POLICY, type Policy, readService } from "../provisioning-service.ts";

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Bytes of a key that a client may bring. */
const KEY_BYTES = { min: 16, max: 64 };

export function listKeys(context: Context): ServiceResponse {
  const { policies } = context.store.read(readService);
  return { status: 200, body: { value: policies.map(keysOf) } };
}

/** @throws {Refusal} `no-key` */
export function getKeys(context: Context, keyName: string): ServiceResponse {
  const { policies } = context.store.read(readService);
  const policy = policies.find((one) => sameName(one.keyName, keyName));
  if (policy === undefined) throw new Refusal("no-key", keyName);
  return { status: 200, body: keysOf(policy) };
}

const keysOf = ({ keyName, primaryKey, secondaryKey, rights }: Policy) => ({
  keyName,
  primaryKey,
  secondaryKey,
  rights,
});

/**
 * The policies that a PUT leaves: those it sent, and the owner's, which is never lost. A key that was
 * not sent stays as it was, or is drawn.
 *
 * @throws {Refusal} `bad-request`, without quoting a key
 */
export function replacePolicies(
  context: Context,
  present: readonly Policy[],
  wanted: readonly SharedAccessPolicy[],
): Policy[] {
  const policies = wanted.map((policy) => toPolicy(context, present, policy));
  const twice = policies.find(({ keyName }, index) =>
    policies.some((other, at) => at < index && sameName(other.keyName, keyName)),
  );
  if (twice) throw new Refusal("bad-request", `The policy ${twice.keyName} is given twice.`);
  const owner = present.filter(({ keyName }) => keyName === OWNER_POLICY);
  const keepsOwner = policies.some(({ keyName }) => sameName(keyName, OWNER_POLICY));
  return keepsOwner ? policies : [...owner, ...policies];
}

function toPolicy(
  context: Context,
  present: readonly Policy[],
  { keyName, rights, primaryKey, secondaryKey }: SharedAccessPolicy,
): Policy {
  if (!NAME.test(keyName)) {
    throw new Refusal("bad-request", "A policy's name has 1 to 64 letters, digits and - . _");
  }
  const known = present.find((policy) => sameName(policy.keyName, keyName));
  const keyOf = (sent: string | null | undefined, was: string | undefined) =>
    sent ? requireKey(keyName, sent) : (was ?? drawKey(context.randomBytes));
  return {
    keyName: known?.keyName ?? keyName,
    primaryKey: keyOf(primaryKey, known?.primaryKey),
    secondaryKey: keyOf(secondaryKey, known?.secondaryKey),
    rights: requireRights(keyName, rights),
  };
}

function requireKey(keyName: string, key: string): string {
  const { length } = Buffer.from(key, "base64");
  if (BASE64.test(key) && length >= KEY_BYTES.min && length <= KEY_BYTES.max) return key;
  throw new Refusal(
    "bad-request",
    `A key of the policy ${keyName} is not base64 of 16 to 64 bytes.`,
  );
}

function requireRights(keyName: string, text: string): string {
  const rights = text.split(",").map((one) => {
    const right = ACCESS_RIGHTS.find((known) => known.toLowerCase() === one.trim().toLowerCase());
    if (right !== undefined) return right;
    throw new Refusal("bad-request", `The policy ${keyName} has a right that there is not.`);
  });
  return [...new Set(rights)].join(", ");
}

/** Names are ASCII: nothing else folds into them. */
const sameName = (one: string, other: string) =>
  NAME.test(other) && one.toLowerCase() === other.toLowerCase();
