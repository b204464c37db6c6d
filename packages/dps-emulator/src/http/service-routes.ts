import {
  deleteEnrollmentGroup,
  getEnrollmentGroup,
  putEnrollmentGroup,
  queryEnrollmentGroups,
} from "../service/enrollment-groups.ts";
import {
  deleteRegistrationState,
  getRegistrationState,
  queryRegistrations,
} from "../service/registrations.ts";
import { requireSas } from "../service/sas.ts";
import type { Handler, Route } from "./route.ts";

const service =
  (operation: Handler): Handler =>
  (call) => {
    requireSas(call.context, call.request);
    return operation(call);
  };

export const SERVICE_ROUTES: readonly Route[] = [
  [
    "GET",
    "/enrollmentGroups/:id",
    service(({ context, part }) => getEnrollmentGroup(context, part("id"))),
  ],
  [
    "PUT",
    "/enrollmentGroups/:id",
    service(({ context, part, ifMatch, request }) =>
      putEnrollmentGroup(context, part("id"), ifMatch, request.body),
    ),
  ],
  [
    "DELETE",
    "/enrollmentGroups/:id",
    service(({ context, part, ifMatch }) => deleteEnrollmentGroup(context, part("id"), ifMatch)),
  ],
  [
    "POST",
    "/enrollmentGroups/query",
    service(({ context, request }) => queryEnrollmentGroups(context, request)),
  ],
  [
    "GET",
    "/registrations/:id",
    service(({ context, part }) => getRegistrationState(context, part("id"))),
  ],
  [
    "DELETE",
    "/registrations/:id",
    service(({ context, part, ifMatch }) => deleteRegistrationState(context, part("id"), ifMatch)),
  ],
  [
    "POST",
    "/registrations/:id/query",
    service(({ context, part, request }) => queryRegistrations(context, part("id"), request)),
  ],
];
