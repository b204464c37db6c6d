import type {
  AttestationMechanism,
  BulkMode,
  DeviceRegistrationState,
  EnrollmentGroup,
  IndividualEnrollment,
} from "@dps-certs/dps-protocol";
import type { DpsClientError } from "../errors.ts";
import type { CallOptions, ConditionalOptions } from "../options.ts";
import type { Paged, QueryOptions } from "./pages.ts";

/** What the service keeps: an enrollment of one device, or of a group of them. */
export type Enrollment = EnrollmentGroup | IndividualEnrollment;

/** Times that a read and a write begin again after somebody else's change. */
export const DEFAULT_CHANGE_ROUNDS = 5;
/** Bulk requests under way at once. */
export const DEFAULT_BULK_CONCURRENCY = 4;

export interface RoundsOptions extends CallOptions {
  /**
   * Times it is tried at most, when others change the same thing at the same time.
   * @default 5
   */
  rounds?: number | undefined;
}

export interface CreateOrUpdateOptions extends RoundsOptions {
  /** The etag that the change is based on, or `*` for any: then one PUT of just what is given. */
  ifMatch?: string | undefined;
}

export interface EnrollmentQueryOptions extends QueryOptions {
  /** @default "SELECT *" */
  query?: string | undefined;
}

export interface BulkOptions extends CallOptions {
  /**
   * Requests under way at once.
   * @default 4
   */
  concurrency?: number | undefined;
}

/** What became of one item of a bulk operation. */
export type BulkOutcome =
  | { ok: true; id: string; index: number }
  | {
      ok: false;
      id: string;
      /** Place of the item among those given, from 0. */
      index: number;
      error: DpsClientError;
    };

/** Names an item, which is all that a deletion needs. */
export type ReferenceTo<T extends Enrollment> = (T extends { enrollmentGroupId: string }
  ? Pick<EnrollmentGroup, "enrollmentGroupId">
  : Pick<IndividualEnrollment, "registrationId">) & { etag?: string | null | undefined };

/** Items of a bulk operation: one for each device or group, made as they are needed. */
export type BulkItems<T extends Enrollment, M extends BulkMode> =
  | Iterable<M extends "delete" ? ReferenceTo<T> : T>
  | AsyncIterable<M extends "delete" ? ReferenceTo<T> : T>;

/** Enrollments of one kind: `EnrollmentClient.groups` and `EnrollmentClient.enrollments`. */
export interface EnrollmentCollection<T extends Enrollment> {
  /** @throws {DpsClientError} `not-found` */
  get(id: string, options?: CallOptions): Promise<T>;

  /** As `get`, with undefined for one that is not there. */
  find(id: string, options?: CallOptions): Promise<T | undefined>;

  /**
   * Creates one. The answer holds symmetric keys, drawn by the service where none were given.
   *
   * @throws {DpsClientError} `invalid-argument` naming the wrong member, and `conflict` if it exists
   */
  create(item: T, options?: CallOptions): Promise<T>;

  /**
   * Creates one, or changes the one that is there to what is given: members that are given replace
   * those stored, objects within them likewise, null removes, arrays replace. Of an attestation a
   * slot that is given replaces that slot, and another type or another kind of certificates replaces
   * all. What is not given, symmetric keys and members unknown to this version included, stays. If
   * nothing would change, nothing is sent.
   *
   * With `ifMatch` it is one conditional write of just what is given.
   *
   * @throws {DpsClientError} `invalid-argument` naming the wrong member; `etag-mismatch` or
   *   `conflict` if others were faster in every round
   */
  createOrUpdate(item: T, options?: CreateOrUpdateOptions): Promise<T>;

  /**
   * Reads one, has `change` say what it shall be, and writes that if it differs; again with what is
   * stored then, if it was changed meanwhile.
   *
   * @throws {DpsClientError} `not-found`; `invalid-argument` naming the wrong member;
   *   `etag-mismatch` if others were faster in every round
   */
  update(id: string, change: (stored: T) => T | Promise<T>, options?: RoundsOptions): Promise<T>;

  /** @throws {DpsClientError} `not-found`, `etag-mismatch` */
  delete(id: string, options?: ConditionalOptions): Promise<void>;

  /** All of them, page by page as they are asked for, in the service's order. */
  query(options?: EnrollmentQueryOptions): Paged<T>;

  /**
   * The attestation with its symmetric keys, which no other read tells. Secrets.
   *
   * @throws {DpsClientError} `not-found`
   */
  attestation(id: string, options?: CallOptions): Promise<AttestationMechanism>;

  /**
   * Does the same with many, ten a request. Outcomes come as requests end, one for each item taken
   * from `items`: what fails, one item or a whole request, does not keep the others from being done.
   * Items are taken as requests become free.
   *
   * @throws what `items` throws, and {DpsClientError} `aborted`; both when all that was taken has its
   *   outcome: what was not sent any more has failed as `aborted`
   */
  bulk<M extends BulkMode>(
    mode: M,
    items: BulkItems<T, M>,
    options?: BulkOptions,
  ): AsyncGenerator<BulkOutcome, void, undefined>;
}

/** Registration records: what became of devices that registered. */
export interface RegistrationCollection {
  /** @throws {DpsClientError} `not-found` */
  get(id: string, options?: CallOptions): Promise<DeviceRegistrationState>;

  /** As `get`, with undefined for one that is not there. */
  find(id: string, options?: CallOptions): Promise<DeviceRegistrationState | undefined>;

  /** @throws {DpsClientError} `not-found`, `etag-mismatch` */
  delete(id: string, options?: ConditionalOptions): Promise<void>;

  /** The registrations of a group, page by page as they are asked for. */
  query(groupId: string, options?: QueryOptions): Paged<DeviceRegistrationState>;
}
