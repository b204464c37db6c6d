import { ERROR_CODE, MANAGEMENT_CODE } from "@dps-certs/dps-protocol";

/**
 * A way to refuse. `management` is a word where Azure Resource Manager itself answers and a number
 * where the resource provider does; `service` is the errorCode of the data and device planes.
 */
export interface Problem {
  status: number;
  management?: string | number;
  service?: number;
  text: string;
}

export type ProblemName =
  | "bad-request"
  | "bad-url"
  | "malformed-body"
  | "body-too-large"
  | "no-such-path"
  | "method-not-allowed"
  | "internal"
  | "bearer-refused"
  | "no-api-version"
  | "bad-api-version"
  | "no-subscription"
  | "no-resource-group"
  | "no-service"
  | "no-provider"
  | "no-key"
  | "one-service"
  | "no-certificate"
  | "invalid-etag"
  | "proof-other-issuer"
  | "proof-no-code"
  | "proof-wrong-code"
  | "proof-out-of-date"
  | "unauthorized"
  | "right-missing"
  | "continuation-refused"
  | "hubs-without-policy"
  | "no-enrollment"
  | "no-group"
  | "no-registration"
  | "enrollment-exists"
  | "group-exists"
  | "etag-refused"
  | "invalid-certificate"
  | "ca-not-found"
  | "tpm-not-supported"
  | "no-operation";

const badRequest = { status: 400, management: MANAGEMENT_CODE.badRequest, service: 400004 };
const proofFailed = { status: 400, management: MANAGEMENT_CODE.proofOfPossessionFailed };
const unauthorized = { status: 401, service: ERROR_CODE.unauthorized };
const notFound = { status: 404, management: "ResourceNotFound" };

/** Every refusal of the emulator. `{}` stands for the detail that the raiser gives. */
export const PROBLEMS: Readonly<Record<ProblemName, Problem>> = {
  // All planes
  "bad-request": { ...badRequest, text: "{}" },
  "bad-url": { ...badRequest, text: "The path or the query is not well-formed." },
  "malformed-body": { ...badRequest, text: "The body is not a JSON object: {}" },
  "body-too-large": {
    status: 413,
    management: "RequestContentTooLarge",
    service: 413001,
    text: "The body is larger than 96 KB.",
  },
  "no-such-path": {
    status: 404,
    management: "InvalidResourceType",
    service: 404001,
    text: "There is no such resource in this service.",
  },
  "method-not-allowed": {
    status: 405,
    management: "MethodNotAllowed",
    service: 405001,
    text: "The resource does not have this method.",
  },
  internal: {
    status: 500,
    management: MANAGEMENT_CODE.internal,
    service: 500001,
    text: "Internal Error.",
  },

  // Management plane
  "bearer-refused": {
    status: 401,
    management: "AuthenticationFailed",
    text: "Authentication failed. {}",
  },
  "no-api-version": {
    status: 400,
    management: "MissingApiVersionParameter",
    text: "The api-version query parameter (?api-version=) is required for all requests.",
  },
  "bad-api-version": {
    status: 400,
    management: "InvalidApiVersionParameter",
    text: "The api-version is invalid: it has the form YYYY-MM-DD or YYYY-MM-DD-preview.",
  },
  "no-subscription": {
    status: 404,
    management: "SubscriptionNotFound",
    text: "The subscription '{}' could not be found.",
  },
  "no-resource-group": {
    status: 404,
    management: "ResourceGroupNotFound",
    text: "Resource group '{}' could not be found.",
  },
  "no-service": {
    ...notFound,
    text: "The Resource 'Microsoft.Devices/provisioningServices/{}' was not found.",
  },
  "no-provider": {
    status: 404,
    management: "InvalidResourceNamespace",
    text: "The resource namespace '{}' is invalid.",
  },
  "no-key": {
    ...notFound,
    text: "The Resource 'Microsoft.Devices/provisioningServices/keys/{}' was not found.",
  },
  "one-service": {
    status: 409,
    management: "OperationNotAllowed",
    text: "The emulator has one provisioning service, which can be changed but not deleted or joined by another.",
  },
  "no-certificate": {
    ...notFound,
    text: "The Resource 'Microsoft.Devices/provisioningServices/certificates/{}' was not found.",
  },
  "invalid-etag": {
    status: 412,
    management: MANAGEMENT_CODE.invalidEtag,
    text: "Invalid ETag supplied.",
  },
  "proof-other-issuer": {
    ...proofFailed,
    text: "Proof-Of-Possession failed. Issuer certificate '{}' cannot be found in the certificate chain.",
  },
  "proof-no-code": {
    ...proofFailed,
    text: "Proof-Of-Possession failed. No verification code is outstanding; generate one first.",
  },
  "proof-wrong-code": {
    ...proofFailed,
    text: "Proof-Of-Possession failed. The certificate's subject is not the verification code.",
  },
  "proof-out-of-date": {
    ...proofFailed,
    text: "Proof-Of-Possession failed. The verification certificate is not valid at this time.",
  },

  // Service data plane
  unauthorized: { ...unauthorized, text: "Unauthorized" },
  "right-missing": { ...unauthorized, text: "Unauthorized. The policy lacks the right {}." },
  "continuation-refused": {
    status: 400,
    service: 400004,
    text: "The continuation token is not one of this query.",
  },
  "hubs-without-policy": {
    status: 400,
    service: 400004,
    text: "Enrollment allocationPolicy must be specified when iotHubs are specified.",
  },
  "no-enrollment": {
    status: 404,
    service: ERROR_CODE.enrollmentNotFound,
    text: "Enrollment not found.",
  },
  "no-group": {
    status: 404,
    service: ERROR_CODE.enrollmentGroupNotFound,
    text: "EnrollmentGroup not found.",
  },
  "no-registration": {
    status: 404,
    service: ERROR_CODE.registrationNotFound,
    text: "Registration not found.",
  },
  "enrollment-exists": {
    status: 409,
    service: ERROR_CODE.enrollmentExists,
    text: "Enrollment already exists.",
  },
  "group-exists": {
    status: 409,
    service: ERROR_CODE.enrollmentGroupExists,
    text: "EnrollmentGroup already exists.",
  },
  "etag-refused": {
    status: 412,
    service: 412001,
    text: "ETag is invalid: it is not the one of the stored resource.",
  },

  // Device plane
  "invalid-certificate": { ...unauthorized, text: "Invalid certificate." },
  "ca-not-found": { ...unauthorized, text: "CA certificate not found." },
  "tpm-not-supported": {
    ...unauthorized,
    text: "Unauthorized. The emulator keeps TPM enrollments as records; no device registers with one.",
  },
  "no-operation": { ...notFound, service: 404204, text: "Operation not found." },
};

/** Thrown by the logic to refuse a request; inside a transaction it undoes the writes. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly problem: ProblemName;

  /** @param detail - takes the place of `{}` in the problem's text; never a secret */
  constructor(problem: ProblemName, detail = "", options?: { cause?: unknown }) {
    super(
      PROBLEMS[problem].text.replace("{}", () => detail),
      options,
    );
    this.problem = problem;
  }
}

/** A refusal that another error led to. */
export function refusal(problem: ProblemName, detail: string, cause: unknown): Refusal {
  return new Refusal(problem, detail, { cause });
}
