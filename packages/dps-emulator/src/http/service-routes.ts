import { authorize, type Right } from "../service/authorize.ts";
import { runBulk } from "../service/bulk.ts";
import { ENROLLMENT_GROUPS } from "../service/enrollment-groups.ts";
import { ENROLLMENTS } from "../service/enrollments.ts";
import type { RecordKind, SentRecord, StoredRecord } from "../service/record.ts";
import {
  deleteRecord,
  getAttestationMechanism,
  getRecord,
  putRecord,
  queryRecords,
} from "../service/records.ts";
import {
  deleteRegistrationState,
  getRegistrationState,
  queryRegistrations,
} from "../service/registrations.ts";
import type { Handler, Method, Route } from "./route.ts";

/** An operation of the service data plane, for whoever has the right to it. */
const service = (method: Method, path: string, right: Right, operation: Handler): Route => [
  method,
  path,
  async (call) => {
    await authorize(call.context, call.request, right);
    return await operation(call);
  },
];

/** Enrollments and groups have the same operations under paths of their own. */
function recordRoutes<R extends StoredRecord, S extends SentRecord>(
  path: string,
  kind: RecordKind<R, S>,
): Route[] {
  return [
    service("GET", `${path}/:id`, "EnrollmentRead", ({ context, part }) =>
      getRecord(kind, context, part("id")),
    ),
    service("PUT", `${path}/:id`, "EnrollmentWrite", ({ context, part, ifMatch, request }) =>
      putRecord(kind, context, { id: part("id"), ifMatch, body: request.body }),
    ),
    service("DELETE", `${path}/:id`, "EnrollmentWrite", ({ context, part, ifMatch }) =>
      deleteRecord(kind, context, { id: part("id"), ifMatch }),
    ),
    service("POST", `${path}/query`, "EnrollmentRead", ({ context, request }) =>
      queryRecords(kind, context, request),
    ),
    service("POST", path, "EnrollmentWrite", ({ context, request }) =>
      runBulk(kind, context, request.body),
    ),
    // It hands out keys, which is more than to read.
    service("POST", `${path}/:id/attestationmechanism`, "EnrollmentWrite", ({ context, part }) =>
      getAttestationMechanism(kind, context, part("id")),
    ),
  ];
}

export const SERVICE_ROUTES: readonly Route[] = [
  ...recordRoutes("/enrollmentGroups", ENROLLMENT_GROUPS),
  ...recordRoutes("/enrollments", ENROLLMENTS),
  service("GET", "/registrations/:id", "RegistrationStatusRead", ({ context, part }) =>
    getRegistrationState(context, part("id")),
  ),
  service("DELETE", "/registrations/:id", "RegistrationStatusWrite", (call) =>
    deleteRegistrationState(call.context, call.part("id"), call.ifMatch),
  ),
  service("POST", "/registrations/:id/query", "RegistrationStatusRead", (call) =>
    queryRegistrations(call.context, call.part("id"), call.request),
  ),
];
