/** What the three planes answer when they refuse. */
import * as v from "valibot";

/** `errorCode` of the data and device planes, where it was seen or is documented. */
export const ERROR_CODE = {
  unauthorized: 401002,
  enrollmentNotFound: 404201,
  enrollmentGroupNotFound: 404202,
  registrationNotFound: 404203,
  enrollmentExists: 409201,
  enrollmentGroupExists: 409202,
  noHubLinked: 400208,
} as const;

/** `code` of the management plane's own errors (the last part of `errorcode: IH…`). */
export const MANAGEMENT_CODE = {
  proofOfPossessionFailed: 400053,
  badRequest: 400123,
  invalidEtag: 412001,
  internal: 500019,
} as const;

/** Data and device planes. */
export const ServiceErrorBody = v.looseObject({
  errorCode: v.number(),
  trackingId: v.nullish(v.string()),
  message: v.nullish(v.string()),
  timestampUtc: v.nullish(v.string()),
});
export type ServiceErrorBody = v.InferOutput<typeof ServiceErrorBody>;

/** Management plane, raised by the resource provider: flat, with a number. */
export const ProviderErrorBody = v.looseObject({
  code: v.number(),
  message: v.nullish(v.string()),
  httpStatusCode: v.nullish(v.string()),
});
export type ProviderErrorBody = v.InferOutput<typeof ProviderErrorBody>;

/** Management plane, raised by Azure Resource Manager itself: an envelope with a word. */
export const ManagementErrorBody = v.looseObject({
  error: v.looseObject({ code: v.string(), message: v.nullish(v.string()) }),
});
export type ManagementErrorBody = v.InferOutput<typeof ManagementErrorBody>;
