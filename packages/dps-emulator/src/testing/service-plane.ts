import {
  AttestationMechanism,
  BulkOperationResult,
  DeviceRegistrationState,
  DeviceRegistrationStateList,
  EnrollmentGroup,
  EnrollmentGroupList,
  IndividualEnrollment,
  IndividualEnrollmentList,
  parseWire,
  ServiceErrorBody,
} from "@dps-certs/dps-protocol";
import type { GenericSchema } from "valibot";
import type { Answer, Send, World } from "./world.ts";

const ANSWERS: readonly [request: RegExp, schema: GenericSchema][] = [
  [/^POST .*\/attestationmechanism$/, AttestationMechanism],
  [/^POST \/registrations\/[^/]+\/query$/, DeviceRegistrationStateList],
  [/^GET \/registrations\//, DeviceRegistrationState],
  [/^POST \/enrollmentgroups\/query$/, EnrollmentGroupList],
  [/^POST \/enrollments\/query$/, IndividualEnrollmentList],
  [/^POST \/enrollment(s|groups)\/?$/, BulkOperationResult],
  [/^(GET|PUT) \/enrollmentgroups\//, EnrollmentGroup],
  [/^(GET|PUT) \/enrollments\//, IndividualEnrollment],
];

/** A signed request of the service data plane, whose answer has the shape that clients read. */
export async function askService(
  world: World,
  method: string,
  path: string,
  sent: Send = {},
): Promise<Answer> {
  const answer = await world.data(method, path, sent);
  if (answer.status >= 400) parseWire(ServiceErrorBody, answer.body, "an error");
  else if (answer.status !== 204)
    parseWire(schemaOf(method, path), answer.body, `an answer to ${path}`);
  return answer;
}

function schemaOf(method: string, path: string): GenericSchema {
  const request = `${method} ${path.toLowerCase()}`;
  const found = ANSWERS.find(([pattern]) => pattern.test(request));
  if (found === undefined) throw new Error(`no schema for ${request}`);
  return found[1];
}

/** Status and errorCode, undefined where nothing was refused. */
export const codeOf = ({ status, body }: Answer): unknown[] => [status, body?.errorCode];

/** A PUT of a group or an enrollment: the id stands in `body` as well. */
export function putRecord(
  world: World,
  body: { enrollmentGroupId: string } | { registrationId: string },
  ifMatch?: string,
): Promise<Answer> {
  const path =
    "registrationId" in body
      ? `/enrollments/${encodeURIComponent(body.registrationId)}`
      : `/enrollmentGroups/${encodeURIComponent(body.enrollmentGroupId)}`;
  const headers = ifMatch === undefined ? {} : { "if-match": ifMatch };
  return askService(world, "PUT", path, { body, headers });
}
