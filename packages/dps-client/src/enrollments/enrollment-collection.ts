import { AttestationMechanism } from "@dps-certs/dps-protocol";
import { checked, orUndefined } from "../checked.ts";
import type { Transport } from "../transport.ts";
import { bulk } from "./bulk.ts";
import { createOrUpdate, update } from "./change.ts";
import type { Enrollment, EnrollmentCollection } from "./collections.ts";
import type { EnrollmentKind } from "./kind.ts";
import { pages } from "./pages.ts";
import { deleteRecord, getRecord, pathOf } from "./records.ts";
import { putEnrollment } from "./write.ts";

/** Enrollments of one kind, over `transport`. */
export function enrollmentCollection<T extends Enrollment>(
  transport: Transport,
  kind: EnrollmentKind<T>,
): EnrollmentCollection<T> {
  const get: EnrollmentCollection<T>["get"] = (id, options) =>
    getRecord(transport, kind, id, options);
  const find: EnrollmentCollection<T>["find"] = (id, options) => orUndefined(get(id, options));
  const attestation: EnrollmentCollection<T>["attestation"] = async (id, { signal } = {}) => {
    const what = `get the attestation of ${kind.noun} ${id}`;
    const path = `${pathOf(kind, id)}/attestationmechanism`;
    const { body } = await transport.send({ what, method: "POST", path, signal });
    return checked(AttestationMechanism, body, "an attestation", what);
  };
  const store = { transport, kind, get, find, attestation };
  return {
    get,
    find,
    attestation,
    create: (item, options = {}) => putEnrollment(store, item, options),
    createOrUpdate: (item, options = {}) => createOrUpdate(store, item, options),
    update: (id, change, options = {}) => update(store, id, change, options),
    delete: (id, options) => deleteRecord(transport, kind, id, options),
    query: ({ query = "SELECT *", ...options } = {}) => {
      const what = `list ${kind.noun}s`;
      const request = { what, path: `/${kind.collection}/query`, body: { query } };
      return pages(transport, request, options, (body) =>
        checked(kind.listSchema, body, `a list of ${kind.noun}s`, what),
      );
    },
    bulk: (mode, items, options = {}) => bulk(store, mode, items, options),
  };
}
