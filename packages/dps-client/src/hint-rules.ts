/** Causes of refusals, by what users of the service ran into. */
import type { HintRule } from "./hints.ts";

const DEVICE: readonly Omit<HintRule, "plane">[] = [
  {
    message: /CA certificate not found/i,
    hint: "The device sent its leaf without the intermediate, or the CA is not verified in the service: `dps-certs check chain.pem --group g` says which. A device must send every intermediate (the -full-chain file).",
  },
  {
    message: /Signing certificate info did not match/i,
    hint: "The chain that was sent does not hold the CA of the enrollment group, which may have been replaced: `dps-certs check chain.pem --group g` compares them.",
  },
  {
    message: /Invalid certificate/i,
    hint: "The certificate is out of date, its common name is not the registration id, or its root is not uploaded and verified: `dps-certs check chain.pem --group g` says which.",
  },
  {
    errorCode: [400208],
    hint: "The service has no linked IoT hub: link one (`az iot dps linked-hub create`).",
  },
  {
    errorCode: [400209],
    hint: "The linked IoT hub refuses the service: link it anew, with a policy of the hub that is still valid.",
  },
  {
    status: [401],
    message: /IotHubUnauthorizedAccess/i,
    hint: "Check the ID scope, and that the registration id equals the certificate's common name, best of all in lower case.",
  },
  {
    message: /IotHubUnauthorizedAccess|Unauthorized access/i,
    hint: "The linked IoT hub refuses the service: check the link and the hub's access policy.",
  },
  {
    errorCode: [401000],
    hint: "Check the device's key and this computer's clock; a refusal that comes and goes is the service's own, so try again.",
  },
  {
    status: [401],
    hint: "Check the ID scope, that the registration id equals the certificate's common name (with keys: that the device's own key is used, not its group's), and that an enrollment or group matches (`dps-certs group list`, `dps-certs enrollment list`).",
  },
  {
    message: /Precondition failed/i,
    hint: "Two registrations of one device ran at the same time; register it again.",
  },
  {
    status: [404],
    hint: "The device has not registered yet, or under another id or ID scope.",
  },
];

const HUB_HINT =
  "This looks like the host of an IoT hub: use the host of the provisioning service (….azure-devices-provisioning.net).";

const SERVICE: readonly Omit<HintRule, "plane">[] = [
  { message: /^ErrorCode:/, hint: HUB_HINT },
  {
    errorCode: [404201],
    hint: "See which enrollments there are with `dps-certs enrollment list`.",
  },
  {
    errorCode: [404203],
    hint: "The device has not registered yet: `dps-certs registration list --group g` shows which have.",
  },
  {
    errorCode: [409201],
    hint: "An enrollment of this id exists (`dps-certs enrollment show`); to change it use `dps-certs enrollment update`, or send its etag.",
  },
  {
    errorCode: [409202],
    hint: "A group of this id exists (`dps-certs group show`); to change it use `dps-certs group update`, or send its etag.",
  },
  {
    status: [409],
    hint: "It exists already: to change it, send its etag.",
  },
  {
    status: [401],
    hint: "Check the policy's name and key and this computer's clock: a SAS token is dated, and signed for one host. With Entra ID, sign in again.",
  },
  {
    status: [403],
    hint: "The policy lacks the right to do this (EnrollmentRead, EnrollmentWrite, RegistrationStatusRead, RegistrationStatusWrite), or the identity the role Device Provisioning Service Data Contributor, or the service's network rules keep this computer out.",
  },
  {
    status: [404],
    hint: "See which groups there are with `dps-certs group list`.",
  },
];

const MANAGEMENT: readonly Omit<HintRule, "plane">[] = [
  {
    errorCode: [400053],
    hint: "The verification certificate must be signed by the very CA that was uploaded, not by one below or beside it, and carry the latest code as its common name. `dps-certs certificate verify` does both.",
  },
  {
    message: /Proof-?Of-?Possession/i,
    hint: "The verification certificate must be signed by the uploaded CA and carry the latest verification code as its common name; a new code voids the one before. `dps-certs certificate verify` does both.",
  },
  {
    errorCode: [412001],
    hint: "Upload, verification code and verification each change the etag: use the one from the last answer.",
  },
  {
    errorCode: [500019],
    hint: "The service answers so to a file that it cannot decode: send one certificate, as PEM or DER.",
  },
  {
    errorCode: [404002],
    hint: "An IoT hub that is linked to the service does not exist any more: remove the link.",
  },
  {
    errorCode: [409004],
    hint: "Names of provisioning services are unique in all of Azure: choose another.",
  },
  {
    errorCode: ["AuthorizationFailed", "LinkedAuthorizationFailed"],
    hint: "The identity needs the Contributor role, or one with the certificates actions, on the provisioning service. A role that was given just now takes some minutes.",
  },
  {
    errorCode: ["InvalidAuthenticationTokenTenant"],
    hint: "The subscription belongs to another tenant: sign in to that one (`az login --tenant`).",
  },
  {
    errorCode: ["SubscriptionNotFound", "InvalidSubscriptionId"],
    hint: "The identity does not see this subscription: `az account list` shows those it sees.",
  },
  {
    errorCode: ["MissingSubscriptionRegistration"],
    hint: "Register the resource provider with the subscription: `az provider register --namespace Microsoft.Devices`.",
  },
  {
    errorCode: [
      "InvalidApiVersionParameter",
      "NoRegisteredProviderFound",
      "MissingApiVersionParameter",
    ],
    hint: "This cloud does not know the api-version: give another.",
  },
  {
    errorCode: ["ScopeLocked", "RequestDisallowedByPolicy"],
    hint: "A lock or a policy of the subscription forbids it: ask who administers it.",
  },
  {
    status: [401],
    hint: "The token is missing, past its end or for another audience: sign in again; for the emulator take armToken from the emulator.json that `dps-certs emulator status` names.",
  },
  {
    status: [403],
    hint: "The identity lacks the right to do this: it needs the Contributor role on the provisioning service.",
  },
  {
    status: [404],
    hint: "Check the subscription, the resource group, the name of the service and of the certificate (`dps-certs certificate list`).",
  },
];

const ANY: readonly HintRule[] = [
  {
    message: /Primary CA reference/i,
    hint: "A group takes either signingCertificates or caReferences, not both.",
  },
  {
    errorCode: [400004],
    // It stands for every member that is wrong.
    message: /iotHubs/i,
    hint: "A group that lists iotHubs also needs an allocationPolicy.",
  },
  {
    errorCode: [400207],
    hint: "The custom allocation function of the enrollment failed: look at that function's own log.",
  },
  {
    message: /Unknown api version|ErrorCode:ArgumentInvalid/i,
    hint: HUB_HINT,
  },
  {
    status: [412],
    hint: "It was changed in the meantime: read it again and repeat the change.",
  },
  {
    status: [429],
    hint: "The service throttles (1,000 operations and 1,000 registrations a minute): wait, or send fewer at a time.",
  },
  {
    status: [500, 502, 503, 504],
    hint: "The service failed on its own side: try again later, and name the tracking id to Azure's support if it lasts.",
  },
];

/** The first rule whose every condition holds gives the hint: particular ones come first. */
export const HINT_RULES: readonly HintRule[] = [
  ...DEVICE.map((rule) => ({ ...rule, plane: "device" as const })),
  ...SERVICE.map((rule) => ({ ...rule, plane: "service" as const })),
  ...MANAGEMENT.map((rule) => ({ ...rule, plane: "management" as const })),
  ...ANY,
];
