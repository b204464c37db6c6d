import { checked, settleLost } from "../checked.ts";
import type { ConditionalOptions } from "../options.ts";
import type { Transport } from "../transport.ts";
import type { Enrollment, EnrollmentCollection } from "./collections.ts";
import type { EnrollmentKind } from "./kind.ts";
import { prepareEnrollment } from "./prepare.ts";
import { article, pathOf } from "./records.ts";
import { reflects } from "./reflects.ts";

/** The reads that writes are made with. */
export interface EnrollmentStore<T extends Enrollment>
  extends Pick<EnrollmentCollection<T>, "get" | "find" | "attestation"> {
  transport: Transport;
  kind: EnrollmentKind<T>;
}

/**
 * What is stored now, if it is what was sent: then a write whose answer was lost was done. With its
 * symmetric keys, as the lost answer had them.
 */
export async function settled<T extends Enrollment>(
  { kind, find, attestation }: EnrollmentStore<T>,
  sent: T,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  const id = kind.idOf(sent);
  const stored = await find(id, { signal });
  if (stored === undefined) return undefined;
  const whole =
    stored.attestation.type === "symmetricKey"
      ? { ...stored, attestation: await attestation(id, { signal }) }
      : stored;
  return reflects(sent, whole) ? whole : undefined;
}

/**
 * One PUT: without `ifMatch` it creates and is refused for an id that exists, with it it replaces.
 *
 * @param stored what the change is based on: its own members are not judged
 * @throws {DpsClientError} `invalid-argument`, `conflict`, `etag-mismatch`
 */
export async function putEnrollment<T extends Enrollment>(
  store: EnrollmentStore<T>,
  item: T,
  { ifMatch, signal }: ConditionalOptions,
  stored?: T,
): Promise<T> {
  const { transport, kind } = store;
  const verb = ifMatch === undefined ? "create" : "update";
  const what = `${verb} ${kind.noun} ${kind.idOf(item)}`;
  const path = pathOf(kind, kind.idOf(item));
  const body = prepareEnrollment(kind, item, what, stored);
  return await settleLost(
    async () => {
      const headers = { "if-match": ifMatch };
      const answer = await transport.send({ what, method: "PUT", path, headers, body, signal });
      return checked(kind.schema, answer.body, article(kind.noun), what);
    },
    () => settled(store, body, signal),
  );
}
