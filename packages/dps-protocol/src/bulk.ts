/** Bulk operations on enrollments and groups (service data plane, 2021-10-01). */
import * as v from "valibot";

/** Items of one bulk operation. */
export const MAX_BULK_ITEMS = 10;

/** What a bulk operation does with each item; clients spell the third in two ways. */
export const BULK_MODES = ["create", "update", "updateIfMatchETag", "delete"] as const;
export type BulkMode = (typeof BULK_MODES)[number];

/** Items are checked one by one: a wrong one is an error of its own in the answer. */
const BulkItem = v.looseObject({ etag: v.nullish(v.string()) });

export const BulkEnrollmentOperation = v.looseObject({
  mode: v.string(),
  enrollments: v.array(v.looseObject({ ...BulkItem.entries, registrationId: v.string() })),
});
export type BulkEnrollmentOperation = v.InferOutput<typeof BulkEnrollmentOperation>;

export const BulkEnrollmentGroupOperation = v.looseObject({
  mode: v.string(),
  enrollmentGroups: v.array(v.looseObject({ ...BulkItem.entries, enrollmentGroupId: v.string() })),
});
export type BulkEnrollmentGroupOperation = v.InferOutput<typeof BulkEnrollmentGroupOperation>;

/** Answer to a bulk operation of either kind: HTTP 200 also when items failed. */
export const BulkOperationResult = v.looseObject({
  isSuccessful: v.boolean(),
  errors: v.nullish(
    v.array(
      v.looseObject({
        /** Of an enrollment. */
        registrationId: v.nullish(v.string()),
        /** Of a group. */
        enrollmentGroupId: v.nullish(v.string()),
        errorCode: v.number(),
        errorStatus: v.string(),
      }),
    ),
  ),
});
export type BulkOperationResult = v.InferOutput<typeof BulkOperationResult>;
