import { idProblem, sameId } from "@dps-certs/dps-protocol";
import type { Context } from "../context.ts";
import { allowsWrite, nextEtag } from "../etag.ts";
import { readBody } from "../http/body.ts";
import type { ServiceRequest, ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import type { Reader, Writer } from "../store/store.ts";
import { timestamp } from "../time.ts";
import { checkAllocation } from "./allocation-policy.ts";
import { answerAttestation, readAttestation } from "./attestation.ts";
import { pageOf } from "./paging.ts";
import { readQuery } from "./query.ts";
import type { RecordKind, SentRecord, StoredRecord } from "./record.ts";

/** Operations on enrollments and on enrollment groups: `kind` says which. */
type Kind<R extends StoredRecord, S extends SentRecord> = RecordKind<R, S>;

export interface Write<S> {
  id: string;
  /** Without it a write only creates; with it a write only replaces. */
  ifMatch: string | undefined;
  sent: S;
}

export function getRecord<R extends StoredRecord, S extends SentRecord>(
  kind: Kind<R, S>,
  context: Context,
  id: string,
): ServiceResponse {
  return context.store.read((store) => ({
    status: 200,
    body: kind.answer(find(kind, store, id), { keys: false, store }),
  }));
}

/** Creates a record, or with If-Match replaces it. Members that the emulator does not know are kept. */
export function putRecord<R extends StoredRecord, S extends SentRecord>(
  kind: Kind<R, S>,
  context: Context,
  { id, ifMatch, body }: { id: string; ifMatch: string | undefined; body: Uint8Array },
): ServiceResponse {
  checkId(kind, id);
  const sent = readBody(kind.schema, body, `an ${kind.scope}`);
  return context.store.write((store) => {
    const record = writeRecord(kind, context, store, { id, ifMatch, sent });
    return { status: 200, body: kind.answer(record, { keys: true }) };
  });
}

export function deleteRecord<R extends StoredRecord, S extends SentRecord>(
  kind: Kind<R, S>,
  context: Context,
  { id, ifMatch }: { id: string; ifMatch: string | undefined },
): ServiceResponse {
  return context.store.write((store) => {
    const { etag } = find(kind, store, id);
    if (ifMatch !== undefined && !allowsWrite(ifMatch, etag)) throw new Refusal("etag-refused");
    kind.remove(store, id);
    return { status: 204 };
  });
}

/** The attestation alone, with its symmetric keys. */
export function getAttestationMechanism<R extends StoredRecord, S extends SentRecord>(
  kind: Kind<R, S>,
  context: Context,
  id: string,
): ServiceResponse {
  return context.store.read((store) => ({
    status: 200,
    body: answerAttestation(find(kind, store, id).attestation, { keys: true }),
  }));
}

export function queryRecords<R extends StoredRecord, S extends SentRecord>(
  kind: Kind<R, S>,
  context: Context,
  request: ServiceRequest,
): ServiceResponse {
  const condition = readQuery(request.body, kind.fields);
  return context.store.read((store) =>
    pageOf({
      store,
      condition,
      prefix: kind.prefix,
      headers: request.headers,
      itemType: kind.itemType,
      answer: (value) => kind.answer(kind.fromStore(value), { keys: false }),
    }),
  );
}

/** @throws {Refusal} `bad-request`, or what the record that is there has against the write */
export function writeRecord<R extends StoredRecord, S extends SentRecord>(
  kind: Kind<R, S>,
  context: Context,
  store: Writer,
  { id, ifMatch, sent }: Write<S>,
): R {
  checkId(kind, id);
  if (!sameId(kind.idOf(sent), id)) {
    throw new Refusal("bad-request", `${kind.idMember} is not the id in the path.`);
  }
  checkAllocation(sent);
  kind.checkMembers(sent);
  const present = kind.get(store, id);
  checkPrecondition(kind, present, ifMatch);
  const attestation = readAttestation({
    store,
    scope: kind.scope,
    sent: sent.attestation,
    present: present?.attestation,
    randomBytes: context.randomBytes,
  });
  if (present?.attestation.type !== attestation.type) kind.checkRoom(store, attestation.type);
  const now = context.now();
  const etag = nextEtag(store, now);
  const common: StoredRecord = {
    incarnation: present?.incarnation ?? etag,
    attestation,
    etag,
    provisioningStatus: sent.provisioningStatus === undefined ? "enabled" : sent.provisioningStatus,
    createdDateTimeUtc: present?.createdDateTimeUtc ?? timestamp(now),
    lastUpdatedDateTimeUtc: timestamp(now),
    members: membersOf(sent),
  };
  const record = kind.make(common, id, sent, present);
  kind.save(store, record);
  return record;
}

export function find<R extends StoredRecord, S extends SentRecord>(
  kind: Kind<R, S>,
  store: Reader,
  id: string,
): R {
  // Only a valid id is looked up: lower case would fold the Kelvin sign into a k.
  const record = idProblem(id) === undefined ? kind.get(store, id) : undefined;
  if (record === undefined) throw new Refusal(kind.missing);
  return record;
}

function checkId<R extends StoredRecord, S extends SentRecord>(kind: Kind<R, S>, id: string) {
  const problem = idProblem(id);
  if (problem === undefined) return;
  const name = kind.scope === "enrollment" ? "registration id" : "enrollment group id";
  throw new Refusal("bad-request", `The ${name} is not valid: ${problem}.`);
}

function checkPrecondition<R extends StoredRecord, S extends SentRecord>(
  kind: Kind<R, S>,
  present: R | undefined,
  ifMatch: string | undefined,
): void {
  if (present === undefined && ifMatch === undefined) return;
  if (ifMatch === undefined) throw new Refusal(kind.exists);
  if (present === undefined || !allowsWrite(ifMatch, present.etag)) {
    throw new Refusal("etag-refused");
  }
}

const HELD_APART: ReadonlySet<string> = new Set([
  "attestation",
  "createdDateTimeUtc",
  "deviceId",
  "enrollmentGroupId",
  "etag",
  "lastUpdatedDateTimeUtc",
  "provisioningStatus",
  "registrationId",
  "registrationState",
]);

/** What is kept as it was sent; a null is no member. */
function membersOf(sent: SentRecord): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(sent).filter(([name, value]) => value !== null && !HELD_APART.has(name)),
  );
}
