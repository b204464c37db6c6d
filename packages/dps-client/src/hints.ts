/** What a refusal really means and what to do, by what users of the service ran into. */

/** Which of the three APIs was spoken to. */
export type Plane = "management" | "service" | "device";

export interface Refusal {
  plane: Plane;
  status: number;
  errorCode?: number | string | undefined;
  serviceMessage?: string | undefined;
}

interface Rule {
  plane?: Plane;
  status?: number;
  /** Any of these error codes. */
  errorCode?: readonly (number | string)[];
  message?: RegExp;
  hint: string;
}

/** The first rule whose every condition holds gives the hint: particular ones come first. */
const RULES: readonly Rule[] = [
  {
    plane: "device",
    message: /CA certificate not found/i,
    hint: "The device must send its leaf and every intermediate up to a CA that is verified in the service (use the -full-chain file). `dps-certs certificate list` shows which CAs are verified, `dps-certs group show` which CA the group trusts.",
  },
  {
    plane: "device",
    message: /Signing certificate info did not match/i,
    hint: "The chain that was sent does not contain the CA of the enrollment group. Compare `dps-certs group show` with the issuer of the device certificate.",
  },
  {
    plane: "device",
    message: /Invalid certificate/i,
    hint: "The certificate is out of date, its common name is not the registration id, or its root is not uploaded and verified: `dps-certs certificate list` shows what is verified.",
  },
  {
    plane: "device",
    errorCode: [400208, 400209],
    hint: "The service has no linked IoT hub that accepts it: link one, or check its access policy.",
  },
  {
    message: /IotHubUnauthorizedAccess/i,
    hint: "Check the ID scope, that the registration id equals the certificate's common name (lower case is safest), and that the service may write to its linked IoT hub.",
  },
  {
    plane: "device",
    message: /Unauthorized access/i,
    hint: "The IoT hub refused the service: check the linked hub's access policy.",
  },
  {
    errorCode: [400207],
    hint: "The custom allocation function of the enrollment failed: look at that function's own log.",
  },
  {
    plane: "device",
    status: 401,
    hint: "Check the ID scope, that the registration id equals the certificate's common name, and that an enrollment or group matches (`dps-certs group list`).",
  },
  {
    plane: "device",
    message: /Precondition failed/i,
    hint: "Two registrations of one device ran at the same time; register it again.",
  },
  {
    errorCode: [400053],
    hint: "The verification certificate must be signed by the very CA that was uploaded, not by one below or beside it, and carry the latest code as its common name. `dps-certs enroll` does both.",
  },
  {
    message: /Proof-?Of-?Possession/i,
    hint: "The verification certificate must be signed by the uploaded CA and carry the latest verification code as its common name; a new code voids the one before.",
  },
  {
    errorCode: [412001],
    hint: "Upload, verification code and verification each change the etag: use the one from the last answer.",
  },
  { status: 412, hint: "It was changed in the meantime: read it again and repeat the change." },
  {
    plane: "management",
    errorCode: [500019],
    hint: "The service answers so to a file that it cannot decode: send one certificate, as PEM or DER.",
  },
  {
    message: /Primary CA reference/i,
    hint: "A group takes either signingCertificates or caReferences, not both.",
  },
  {
    errorCode: [400004],
    hint: "A group that lists iotHubs also needs an allocationPolicy.",
  },
  {
    errorCode: [409201, 409202],
    hint: "An enrollment of this id exists: see `dps-certs group show`; to change it, send its etag.",
  },
  {
    message: /Unknown api version|ErrorCode:ArgumentInvalid/i,
    hint: "This looks like the host of an IoT hub: use the host of the provisioning service (….azure-devices-provisioning.net).",
  },
  {
    plane: "management",
    errorCode: ["AuthorizationFailed"],
    hint: "The identity needs the Contributor role, or one with the certificates actions, on the provisioning service.",
  },
  {
    plane: "management",
    status: 401,
    hint: "The token is missing, past its end or for another audience: sign in again; for the emulator take armToken from the emulator.json that `dps-certs emulator status` names.",
  },
  {
    plane: "management",
    status: 404,
    hint: "Check the subscription, the resource group, the name of the service and of the certificate (`dps-certs certificate list`).",
  },
  {
    plane: "service",
    status: 401,
    hint: "Check the policy's name and key and this computer's clock: a SAS token is dated, and signed for one host.",
  },
  {
    plane: "service",
    status: 403,
    hint: "The policy lacks the right to do this (EnrollmentRead, EnrollmentWrite, RegistrationStatusRead, RegistrationStatusWrite), or the identity lacks the Data Contributor role.",
  },
  {
    plane: "service",
    status: 404,
    hint: "See which groups there are with `dps-certs group list`.",
  },
  {
    status: 429,
    hint: "The service throttles (1,000 operations and 1,000 registrations a minute): wait, or send fewer at a time.",
  },
];

function holds(rule: Rule, refusal: Refusal): boolean {
  return (
    (rule.plane === undefined || rule.plane === refusal.plane) &&
    (rule.status === undefined || rule.status === refusal.status) &&
    (rule.errorCode === undefined || rule.errorCode.some((code) => code === refusal.errorCode)) &&
    (rule.message === undefined || rule.message.test(refusal.serviceMessage ?? ""))
  );
}

/** The hint for a refusal, if its cause is known. */
export function hintFor(refusal: Refusal): string | undefined {
  return RULES.find((rule) => holds(rule, refusal))?.hint;
}

/** Every hint of the table. */
export const HINTS: readonly string[] = RULES.map(({ hint }) => hint);
