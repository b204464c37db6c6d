import { idProblem } from "@dps-certs/dps-protocol";
import type { GenericSchema } from "valibot";
import { checked, goneIfLost, requireValid } from "../checked.ts";
import { pathSegment } from "../endpoint.ts";
import type { CallOptions, ConditionalOptions } from "../options.ts";
import type { Transport } from "../transport.ts";

/** Where things of one kind are in the service, and what they are called. */
export interface Place<T> {
  /** What one is called in errors. */
  noun: string;
  collection: "enrollmentGroups" | "enrollments" | "registrations";
  /** What the service answers. */
  schema: GenericSchema<unknown, T>;
}

/** @throws {DpsClientError} `invalid-argument` for an id that cannot stand in a path */
export function pathOf({ collection }: Pick<Place<unknown>, "collection">, id: string): string {
  // A program in JavaScript may give anything.
  requireValid(typeof id === "string" ? idProblem(id) : "it is not a text", "id", String(id));
  return `/${collection}/${pathSegment(id, "an id")}`;
}

export const article = (noun: string): string => `${/^[aeio]/.test(noun) ? "an" : "a"} ${noun}`;

/** @throws {DpsClientError} `not-found` */
export async function getRecord<T>(
  transport: Transport,
  place: Place<T>,
  id: string,
  { signal }: CallOptions = {},
): Promise<T> {
  const what = `get ${place.noun} ${id}`;
  const path = pathOf(place, id);
  const { body } = await transport.send({ what, method: "GET", path, signal });
  return checked(place.schema, body, article(place.noun), what);
}

/** @throws {DpsClientError} `not-found`, `etag-mismatch` */
export async function deleteRecord(
  transport: Transport,
  place: Place<unknown>,
  id: string,
  { ifMatch, signal }: ConditionalOptions = {},
): Promise<void> {
  const what = `delete ${place.noun} ${id}`;
  const path = pathOf(place, id);
  const headers = { "if-match": ifMatch };
  await goneIfLost(transport.send({ what, method: "DELETE", path, headers, signal }));
}
