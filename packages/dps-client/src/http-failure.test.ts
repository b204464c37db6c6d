import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { HINTS, hintFor, type Plane } from "./hints.ts";
import { httpFailure } from "./http-failure.ts";
import { NETWORK_HINTS } from "./network-failure.ts";
import { redact } from "./redact.ts";

const GUID = "866001be-b660-4df4-9b12-72759066aa65";

function failure(plane: Plane, status: number, body: unknown, headers = {}) {
  return httpFailure(plane, { status, headers, body }, [], 0);
}

describe("an error body", () => {
  it("of the data planes is read", () => {
    const body = { errorCode: 404202, trackingId: GUID, message: "EnrollmentGroup not found." };
    expect(failure("service", 404, body)).toMatchObject({
      code: "not-found",
      errorCode: 404202,
      trackingId: GUID,
      serviceMessage: "EnrollmentGroup not found.",
    });
  });

  it("of the resource provider is read, without its boilerplate", () => {
    const message = `Invalid ETag supplied. If you contact a support representative please include this correlation identifier: ${GUID}, timestamp: 2023-02-16 22:40:41Z, errorcode: IH412001.`;
    expect(
      failure("management", 412, { code: 412001, httpStatusCode: "PreconditionFailed", message }),
    ).toMatchObject({
      code: "etag-mismatch",
      errorCode: 412001,
      trackingId: GUID,
      serviceMessage: "Invalid ETag supplied.",
    });
  });

  it("of Azure Resource Manager is read", () => {
    const body = { error: { code: "AuthorizationFailed", message: "no" } };
    expect(failure("management", 403, body, { "x-ms-request-id": GUID })).toMatchObject({
      code: "forbidden",
      errorCode: "AuthorizationFailed",
      trackingId: GUID,
      hint: expect.stringContaining("Contributor"),
    });
  });

  it("of an IoT hub is read", () => {
    const body = { Message: "ErrorCode:ArgumentInvalid;Unknown api version;…" };
    expect(failure("service", 400, body).hint).toContain("host of the provisioning service");
  });

  it.each([undefined, null, 5, "text", [], { error: null }, { message: 7, errorCode: {} }])(
    "of any other form (%j) is survived",
    (body) => {
      expect(failure("device", 500, body)).toMatchObject({ code: "service", errorCode: undefined });
    },
  );

  test.prop([fc.anything(), fc.integer({ min: 300, max: 599 })])("never throws", (body, status) => {
    expect(failure("device", status, body).message).toContain(`HTTP ${status}`);
  });
});

describe("hints", () => {
  const GENERIC = hintFor({ plane: "device", status: 401 });

  it.each<[Plane, number, number | undefined, string, RegExp]>([
    ["device", 401, 401002, "CA certificate not found.", /every intermediate/],
    [
      "device",
      401,
      401002,
      "Signing certificate info did not match chain elements.",
      /does not contain/,
    ],
    ["device", 401, 401002, "Invalid certificate", /out of date/],
    ["device", 401, 401002, "IotHubUnauthorizedAccess", /ID scope/],
    ["device", 401, 401002, "Unauthorized access", /linked hub/],
    ["device", 401, 401002, "Unauthorized", /common name/],
    ["device", 412, undefined, "Precondition failed.", /at the same time/],
    ["service", 401, 401000, "Unauthorized", /clock/],
    ["management", 400, 400053, "Proof-Of-Possession failed.", /signed by the very CA/],
    ["management", 400, 400999, "Proof-Of-Possession failed.", /latest verification code/],
    ["management", 412, 412001, "Invalid ETag supplied.", /last answer/],
    ["management", 404, undefined, "Not Found", /resource group/],
    ["management", 500, 500019, "Internal Error.", /decode/],
    ["service", 400, undefined, "Primary CA reference cannot be null or empty", /caReferences/],
    ["service", 400, 400004, "Enrollment allocationPolicy must be specified", /allocationPolicy/],
    ["service", 409, 409202, "EnrollmentGroup already exists.", /group show/],
    ["device", 429, undefined, "", /throttles/],
  ])("for %s %d %s %s", (plane, status, errorCode, serviceMessage, hint) => {
    expect(hintFor({ plane, status, errorCode, serviceMessage })).toMatch(hint);
  });

  it("put the particular cause before the general one", () => {
    const hint = hintFor({ plane: "device", status: 401, serviceMessage: "Invalid certificate" });
    expect(hint).not.toBe(GENERIC);
  });

  it("are none where the cause is unknown", () => {
    expect(hintFor({ plane: "service", status: 500 })).toBeUndefined();
  });

  it("name only commands that exist", () => {
    const commands = [...HINTS, ...NETWORK_HINTS].flatMap((hint) =>
      [...hint.matchAll(/`dps-certs ([^`]*)`/g)].map(([, command]) => command),
    );
    expect(commands.length).toBeGreaterThan(5);
    for (const command of commands) {
      expect(command).toMatch(
        /^(enroll|ca (create|show)|device (create|list|register)|certificate (list|show)|group (list|show)|cleanup|emulator (start|status|stop))$/,
      );
    }
  });
});

describe("redact", () => {
  it.each([
    "SharedAccessSignature sr=h&sig=SECRET%3D&se=1&skn=p",
    "Authorization: Bearer eyJ.SECRET.sig",
    "HostName=h;SharedAccessKey=SECRET=",
    '{"primaryKey":"SECRET"}',
    "-----BEGIN EC PRIVATE KEY-----\nSECRET\n-----END EC PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nSECRET",
  ])("removes what looks like a secret from %j", (text) => {
    expect(redact(text)).not.toContain("SECRET");
  });

  it("makes one short line that a terminal does not obey", () => {
    const clean = redact(`a\u001b[31m\r\nb\u202ec${"x".repeat(2_000)}`);
    expect(clean).toMatch(/^a \[31m b cx+…$/);
    expect(clean.length).toBeLessThan(1_002);
  });
});
