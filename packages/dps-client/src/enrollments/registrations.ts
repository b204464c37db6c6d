import { DeviceRegistrationState, DeviceRegistrationStateList } from "@dps-certs/dps-protocol";
import { checked, orUndefined } from "../checked.ts";
import type { Transport } from "../transport.ts";
import type { RegistrationCollection } from "./collections.ts";
import { pages } from "./pages.ts";
import { deleteRecord, getRecord, type Place, pathOf } from "./records.ts";

const REGISTRATIONS: Place<DeviceRegistrationState> = {
  noun: "registration",
  collection: "registrations",
  schema: DeviceRegistrationState,
};

/** Registration records, read and deleted over `transport`. */
export function registrationCollection(transport: Transport): RegistrationCollection {
  const get: RegistrationCollection["get"] = (id, options) =>
    getRecord(transport, REGISTRATIONS, id, options);
  return {
    get,
    find: (id, options) => orUndefined(get(id, options)),
    delete: (id, options) => deleteRecord(transport, REGISTRATIONS, id, options),
    query: (groupId, options = {}) => {
      const what = `list registrations of enrollment group ${groupId}`;
      const query = { what, path: `${pathOf(REGISTRATIONS, groupId)}/query` };
      return pages(transport, query, options, (body) =>
        checked(DeviceRegistrationStateList, body, "a list of registrations", what),
      );
    },
  };
}
