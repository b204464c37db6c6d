import {
  EnrollmentGroup,
  EnrollmentGroupBody,
  EnrollmentGroupList,
  EnrollmentGroupRequest,
  IndividualEnrollment,
  IndividualEnrollmentBody,
  IndividualEnrollmentList,
  IndividualEnrollmentRequest,
} from "@dps-certs/dps-protocol";
import type { GenericSchema } from "valibot";
import type { Enrollment } from "./collections.ts";
import type { Place } from "./records.ts";

/** In what individual enrollments and groups differ; the operations are the same. */
export interface EnrollmentKind<T extends Enrollment> extends Place<T> {
  /** First part of the path, and the member that holds the items of a bulk operation. */
  collection: "enrollmentGroups" | "enrollments";
  idMember: "enrollmentGroupId" | "registrationId";
  idOf: (item: T) => string;
  listSchema: GenericSchema<unknown, T[]>;
  /** The shape of what a change is said in. */
  body: GenericSchema;
  /** What is sent: the shape, and the service's rules. */
  request: GenericSchema;
}

export const GROUPS: EnrollmentKind<EnrollmentGroup> = {
  noun: "enrollment group",
  collection: "enrollmentGroups",
  idMember: "enrollmentGroupId",
  idOf: (group) => group.enrollmentGroupId,
  schema: EnrollmentGroup,
  listSchema: EnrollmentGroupList,
  body: EnrollmentGroupBody,
  request: EnrollmentGroupRequest,
};

export const ENROLLMENTS: EnrollmentKind<IndividualEnrollment> = {
  noun: "enrollment",
  collection: "enrollments",
  idMember: "registrationId",
  idOf: (enrollment) => enrollment.registrationId,
  schema: IndividualEnrollment,
  listSchema: IndividualEnrollmentList,
  body: IndividualEnrollmentBody,
  request: IndividualEnrollmentRequest,
};
