import { describe, expect, it } from "vitest";
import {
  BulkEnrollmentGroupOperation,
  BulkEnrollmentOperation,
  BulkOperationResult,
} from "./bulk.ts";
import { parseWire } from "./schema.ts";
import { pathOf } from "./testing/path-of.ts";

describe("a bulk operation", () => {
  it("has items with ids; what is wrong in one of them is that item's own error", () => {
    const enrollments = [{ registrationId: "d", attestation: 7 }];
    const operation = { mode: "create", enrollments };
    expect(parseWire(BulkEnrollmentOperation, operation, "x")).toEqual(operation);
    const nameless = { mode: "create", enrollments: [{ attestation: {} }] };
    expect(pathOf(BulkEnrollmentOperation, nameless)).toBe("enrollments.0.registrationId");
    const other = { mode: "create", enrollmentGroups: [{ enrollmentGroupId: "g", etag: 7 }] };
    expect(pathOf(BulkEnrollmentGroupOperation, other)).toBe("enrollmentGroups.0.etag");
  });

  it.each([
    { isSuccessful: true },
    { isSuccessful: true, errors: [] },
    {
      isSuccessful: false,
      errors: [{ registrationId: "d", errorCode: 409201, errorStatus: "exists" }],
    },
    {
      isSuccessful: false,
      errors: [{ enrollmentGroupId: "g", errorCode: 409202, errorStatus: "exists" }],
    },
  ])("may be answered %j", (result) => {
    expect(parseWire(BulkOperationResult, result, "x")).toEqual(result);
  });
});
