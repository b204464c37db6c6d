import type { Context } from "../context.ts";
import type { ServiceRequest } from "../http/message.ts";
import { Refusal, refusal } from "../problems.ts";
import { readService } from "../provisioning-service.ts";
import { bearerOf, SERVICE_AUDIENCES, verifyToken } from "../tokens/token.ts";
import { requireSas } from "./sas.ts";

/** What an operation of the service data plane wants from the policy that signed for it. */
export type Right =
  | "EnrollmentRead"
  | "EnrollmentWrite"
  | "RegistrationStatusRead"
  | "RegistrationStatusWrite";

/** The rights of `provisioningserviceowner`: this is how the service writes "all of them". */
const OWNER_RIGHTS: readonly string[] = ["ServiceConfig", "DeviceConnect", "EnrollmentWrite"];
const IMPLIED_BY: Readonly<Partial<Record<Right, Right>>> = {
  EnrollmentRead: "EnrollmentWrite",
  RegistrationStatusRead: "RegistrationStatusWrite",
};

/**
 * Lets a request of the service data plane pass with a SAS token of a policy that has `right`, or
 * with a bearer token that this state signed for the data plane, which has all rights.
 *
 * @throws {Refusal} `unauthorized`, without saying what was wrong, or `right-missing`
 */
export async function authorize(
  context: Context,
  request: ServiceRequest,
  right: Right,
): Promise<void> {
  const token = bearerOf(request.headers.authorization ?? "");
  if (token !== undefined) return await requireServiceToken(context, token);
  const { rights } = requireSas(context, request);
  if (!grants(rights, right)) throw new Refusal("right-missing", right);
}

async function requireServiceToken(context: Context, token: string): Promise<void> {
  const service = context.store.read(readService);
  try {
    await verifyToken(service, context.now(), token, SERVICE_AUDIENCES);
  } catch (cause) {
    throw refusal("unauthorized", "", cause);
  }
}

/** Whether a policy's rights, one text with commas between them, hold this one; write implies read. */
export function grants(rights: string, right: Right): boolean {
  const held = rights.split(",").map((one) => one.trim());
  if (OWNER_RIGHTS.every((one) => held.includes(one))) return true;
  return held.includes(right) || held.includes(IMPLIED_BY[right] ?? right);
}
