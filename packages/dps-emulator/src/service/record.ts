import type { EnrollmentGroupBody, IndividualEnrollmentBody } from "@dps-certs/dps-protocol";
import type { GenericSchema } from "valibot";
import type { ProblemName } from "../problems.ts";
import type { Reader, Writer } from "../store/store.ts";
import type { Scope, StoredAttestation } from "./attestation.ts";
import type { ItemType } from "./paging.ts";

/** What an individual enrollment and an enrollment group have in common, as it is stored. */
export interface StoredRecord {
  /** Tells a record from a later one of the same id. */
  incarnation: string;
  attestation: StoredAttestation;
  etag: string;
  /** null when null was sent, which means enabled. */
  provisioningStatus: "enabled" | "disabled" | null;
  createdDateTimeUtc: string;
  lastUpdatedDateTimeUtc: string;
  /** All other members, as they were sent. */
  members: Record<string, unknown>;
}

/** How a client sends a record of either kind. */
export type SentRecord = EnrollmentGroupBody | IndividualEnrollmentBody;

/** In what individual enrollments and groups differ; the operations are the same. */
export interface RecordKind<R extends StoredRecord, S extends SentRecord> {
  scope: Scope;
  itemType: ItemType;
  /** Where the records are in the store. */
  prefix: string;
  schema: GenericSchema<unknown, S>;
  /** Members that a query may ask for. */
  fields: readonly string[];
  idMember: "enrollmentGroupId" | "registrationId";
  missing: ProblemName;
  exists: ProblemName;
  idOf(sent: S): string;
  get(store: Reader, id: string): R | undefined;
  /** A record as the store lists it. */
  fromStore(value: unknown): R;
  save(store: Writer, record: R): void;
  remove(store: Writer, id: string): void;
  /** @throws {Refusal} when there is no room for one more with this attestation */
  checkRoom(store: Reader, type: StoredAttestation["type"]): void;
  /** @throws {Refusal} `bad-request` */
  checkMembers(sent: S): void;
  make(common: StoredRecord, id: string, sent: S, present: R | undefined): R;
  /**
   * The record in the order in which the service writes its members.
   *
   * @param options.keys - whether symmetric keys are told
   * @param options.store - given by GET of one record, which tells more than the others
   */
  answer(record: R, options: { keys: boolean; store?: Reader }): Record<string, unknown>;
}
