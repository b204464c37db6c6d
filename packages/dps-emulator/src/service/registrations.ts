import { DeviceRegistrationState, idProblem } from "@dps-certs/dps-protocol";
import type { Context } from "../context.ts";
import {
  answerRegistration,
  getRegistration,
  groupRegistrationsPrefix,
  removeRegistration,
  type StoredRegistration,
} from "../device/registration-store.ts";
import { allowsWrite } from "../etag.ts";
import type { ServiceRequest, ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import type { Reader } from "../store/store.ts";
import { getGroup } from "./group-store.ts";
import { pageOf } from "./paging.ts";
import { readQuery } from "./query.ts";

/** Members that a query may ask for. */
const FIELDS = Object.keys(DeviceRegistrationState.entries);

export function getRegistrationState(context: Context, id: string): ServiceResponse {
  return context.store.read((store) => ({
    status: 200,
    body: answerRegistration(find(store, id)),
  }));
}

export function deleteRegistrationState(
  context: Context,
  id: string,
  ifMatch: string | undefined,
): ServiceResponse {
  return context.store.write((store) => {
    const registration = find(store, id);
    if (ifMatch !== undefined && !allowsWrite(ifMatch, registration.etag)) {
      throw new Refusal("etag-refused");
    }
    removeRegistration(store, registration);
    return { status: 204 };
  });
}

/** The registrations of a group; clients send a query or no body at all. */
export function queryRegistrations(
  context: Context,
  groupId: string,
  request: ServiceRequest,
): ServiceResponse {
  const condition = request.body.length > 0 ? readQuery(request.body, FIELDS) : undefined;
  return context.store.read((store) => {
    const group = idProblem(groupId) === undefined ? getGroup(store, groupId) : undefined;
    if (group === undefined) throw new Refusal("no-group");
    return pageOf({
      store,
      condition,
      prefix: groupRegistrationsPrefix(group.incarnation),
      headers: request.headers,
      itemType: "DeviceRegistration",
      answer: (id) => answerRegistration(find(store, id as string)),
    });
  });
}

function find(store: Reader, id: string): StoredRegistration {
  const registration = idProblem(id) === undefined ? getRegistration(store, id) : undefined;
  if (registration === undefined) throw new Refusal("no-registration");
  return registration;
}
