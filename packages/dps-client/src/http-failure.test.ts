import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { HINT_RULES } from "./hint-rules.ts";
import { hintFor, type Plane } from "./hints.ts";
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

  it("of a long operation is read", () => {
    const error = { code: "BadRequest", message: "no", details: [{ message: "the reason" }] };
    expect(failure("management", 400, { status: "Failed", error })).toMatchObject({
      errorCode: "BadRequest",
      serviceMessage: "no the reason",
    });
  });

  it("is read in no time, whatever it is filled with", () => {
    const message = `${" ".repeat(2_000_000)}x`;
    expect(failure("service", 400, { errorCode: 400004, message }).errorCode).toBe(400004);
  });

  it("gives its code wherever it stands", () => {
    const message = `It failed. If you contact a support representative please include this correlation identifier: ${GUID}, timestamp: 2023-02-16 22:40:41Z, errorcode: IH400053.`;
    expect(failure("management", 400, { message })).toMatchObject({
      code: "proof-of-possession-failed",
      errorCode: 400053,
    });
    expect(failure("management", 412, { error: { code: "412001" } }).errorCode).toBe(412001);
    expect(failure("service", 409, undefined, { "x-ms-error-code": "409202" }).errorCode).toBe(
      409202,
    );
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

/** What the service says, word for word, and the cause that users found behind it. */
const SAID: [Plane, number, object, RegExp][] = [
  ["device", 401, { errorCode: 401002, message: "CA certificate not found." }, /without the inter/],
  [
    "device",
    401,
    { errorCode: 401002, message: "Signing certificate info did not match chain elements." },
    /does not hold the CA of the enrollment group/,
  ],
  ["device", 401, { errorCode: 401002, message: "Invalid certificate." }, /not uploaded and veri/],
  ["device", 401, { errorCode: 401002, message: "Invalid certificate" }, /out of date/],
  ["device", 401, { errorCode: 401002, message: "IotHubUnauthorizedAccess" }, /lower case/],
  ["device", 401, { errorCode: 401002, message: "Unauthorized access" }, /hub refuses/],
  ["device", 401, { errorCode: 401002, message: "Unauthorized" }, /not its group's/],
  ["device", 401, { errorCode: 401000, message: "Unauthorized" }, /clock.*comes and goes/],
  ["service", 401, { errorCode: 401000, message: "Unauthorized" }, /clock/],
  [
    "management",
    400,
    {
      code: 400053,
      message: `Proof-Of-Possession failed. Issuer certificate 'CN=Azure IoT Hub Intermediate Cert Test Only' cannot be found in the certificate chain. If you contact a support representative please include this correlation identifier: ${GUID}, timestamp: 2019-11-26 12:01:32Z, errorcode: IH400053.`,
    },
    /the very CA that was uploaded/,
  ],
  ["management", 400, { code: 400999, message: "Proof-Of-Possession failed." }, /latest verifi/],
  ["management", 412, { code: 412001, message: "Invalid ETag supplied." }, /the last answer/],
  ["management", 404, { message: "Not Found" }, /resource group/],
  ["management", 500, { code: 500019, message: "Internal Error." }, /cannot decode.*PEM or DER/],
  ["service", 400, { message: "Primary CA reference cannot be null or empty" }, /not both/],
  ["device", 412, { message: "Precondition failed." }, /ran at the same time/],
  ["device", 429, {}, /throttles/],
  ["service", 429, {}, /throttles/],
  [
    "service",
    400,
    {
      errorCode: 400004,
      message: "Enrollment allocationPolicy must be specified when iotHubs are specified.",
    },
    /needs an allocationPolicy/,
  ],
  [
    "device",
    400,
    { errorCode: 400207, message: "Custom allocation failed with status code: 400" },
    /function's own log/,
  ],
  ["service", 404, { errorCode: 404201 }, /enrollment list/],
  ["service", 404, { errorCode: 404202 }, /group list/],
  ["service", 404, { errorCode: 404203 }, /registration list/],
  ["device", 404, {}, /not registered yet/],
  ["service", 409, { errorCode: 409201, message: "Enrollment already exists." }, /enrollment upd/],
  ["service", 409, { errorCode: 409202, message: "EnrollmentGroup already exists." }, /group upd/],
  ["service", 409, {}, /send its etag/],
  ["service", 412, { message: "ETag is invalid" }, /read it again/],
  ["service", 403, {}, /Data Contributor/],
  ["service", 400, { Message: "ErrorCode:ArgumentInvalid;Unknown api version;…" }, /an IoT hub/],
  ["service", 401, { Message: "ErrorCode:IotHubUnauthorizedAccess;Unauthorized" }, /an IoT hub/],
  [
    "management",
    404,
    { code: 404002, message: "Unable to find the IoThub `h.azure-devices.net`." },
    /remove the link/,
  ],
  ["management", 409, { code: 409004 }, /choose another/],
  ["management", 401, { error: { code: "AuthenticationFailed" } }, /sign in again/],
  ["management", 401, { error: { code: "InvalidAuthenticationTokenTenant" } }, /tenant/],
  ["management", 403, { error: { code: "AuthorizationFailed" } }, /Contributor role/],
  ["management", 404, { error: { code: "ResourceGroupNotFound" } }, /resource group/],
  ["management", 404, { error: { code: "ResourceNotFound" } }, /name of the service/],
  ["management", 404, { error: { code: "SubscriptionNotFound" } }, /az account list/],
  ["management", 400, { error: { code: "InvalidApiVersionParameter" } }, /api-version/],
  ["service", 503, {}, /tracking id/],
];

describe("hints", () => {
  const GENERIC = hintFor({ plane: "device", status: 401 });

  it.each(SAID)("for %s %d %j", (plane, status, body, hint) => {
    expect(failure(plane, status, body).hint).toMatch(hint);
  });

  it.each([
    [400208, "no IoT hub", /link one/],
    [400209, '{"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized"}', /link it anew/],
    [undefined, "ErrorCode:IotHubUnauthorizedAccess;Unauthorized", /hub refuses/],
  ])("for a registration that failed with %j %s", (errorCode, serviceMessage, hint) => {
    expect(hintFor({ plane: "device", status: 200, errorCode, serviceMessage })).toMatch(hint);
  });

  it("put the particular cause before the general one", () => {
    const hint = hintFor({ plane: "device", status: 401, serviceMessage: "Invalid certificate" });
    expect(hint).not.toBe(GENERIC);
  });

  it("are none where the cause is unknown", () => {
    expect(hintFor({ plane: "service", status: 418 })).toBeUndefined();
  });

  it("name only commands that exist", () => {
    const commands = [...HINT_RULES.map(({ hint }) => hint), ...NETWORK_HINTS].flatMap((hint) =>
      [...hint.matchAll(/`dps-certs ([^`]*)`/g)].map(([, command]) => command),
    );
    expect(commands.length).toBeGreaterThan(5);
    for (const command of commands) {
      expect(command).toMatch(
        /^(certificate (list|verify)|check chain\.pem --group g|(enrollment|group) (list|show|update)|registration list --group g|emulator (start|status|stop))$/,
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

  it("removes what is left of a secret that was cut short, and its other forms", () => {
    const secret = "c2VjcmV0LXNlY3JldC/zZWNyZXQ+c2VjcmV0";
    const texts = [secret.slice(0, 20), encodeURIComponent(secret), secret.replaceAll("/", "\\/")];
    for (const text of texts) expect(redact(`a ${text} b`, [secret])).toBe("a [secret] b");
  });

  it("makes one short line that a terminal does not obey", () => {
    const clean = redact(`a\u001b[31m\r\nb\u202ec${"x".repeat(2_000)}`);
    expect(clean).toMatch(/^a \[31m b cx+…$/);
    expect(clean.length).toBeLessThan(1_002);
  });
});
