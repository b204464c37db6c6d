/** What the service demands of an enrollment beyond its shape; a client refuses it before it is sent. */
import type { AttestationBody } from "./attestation.ts";
import { attestationRules } from "./attestation-rules.ts";
import { idProblem } from "./ids.ts";
import type { Rule } from "./schema.ts";

export const ALLOCATION_POLICIES = ["hashed", "geoLatency", "static", "custom"] as const;
/** Earliest api-version of the types that a custom allocation's webhook is sent. */
export const MIN_WEBHOOK_API_VERSION = "2018-09-01";

const ID = "an id: up to 128 letters, digits and - . _ :, the last a letter, a digit or -";
const API_VERSION_FORM = /^\d{4}-\d{2}-\d{2}(-preview)?$/;
/** An IoT hub's rule for the ids of its devices. */
const DEVICE_ID = /^[A-Za-z0-9\-:.+%_#*?!(),=@$']{1,128}$/;
const HOST = /^[A-Za-z0-9.-]+(?::\d{1,5})?$/;

const isApiVersion = (text: string): boolean =>
  API_VERSION_FORM.test(text) && text >= MIN_WEBHOOK_API_VERSION;

/** https, or http of this machine; a name and a password in it would be kept in the open. */
function isWebhookUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "") return false;
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback);
}

/** What the rules look at, of a group or of an individual enrollment. */
interface Sent {
  attestation: AttestationBody;
  allocationPolicy?: string | null | undefined;
  iotHubs?: string[] | null | undefined;
  iotHubHostName?: string | null | undefined;
  customAllocationDefinition?: { webhookUrl: string; apiVersion: string } | null | undefined;
  capabilities?: { iotEdge?: boolean | null | undefined } | null | undefined;
  reprovisionPolicy?: { [member: string]: unknown } | null | undefined;
}

interface SentGroup extends Sent {
  enrollmentGroupId: string;
}

interface SentIndividual extends Sent {
  registrationId: string;
  deviceId?: string | null | undefined;
}

const COMMON: readonly Rule<Sent>[] = [
  {
    path: ["allocationPolicy"],
    expected: `one of ${ALLOCATION_POLICIES.join(", ")}`,
    holds: ({ allocationPolicy: name }) =>
      name == null || ALLOCATION_POLICIES.some((policy) => policy === name),
  },
  {
    path: ["allocationPolicy"],
    expected: "present where there are iotHubs",
    holds: ({ iotHubs, allocationPolicy }) => !iotHubs?.length || Boolean(allocationPolicy),
  },
  {
    path: ["iotHubs"],
    expected: "a list of host names",
    holds: ({ iotHubs }) => iotHubs == null || iotHubs.every((host) => HOST.test(host)),
  },
  {
    path: ["iotHubHostName"],
    expected: "a host name",
    holds: ({ iotHubHostName: host }) => host == null || HOST.test(host),
  },
  {
    path: ["customAllocationDefinition"],
    expected: "present where allocationPolicy is custom",
    holds: ({ allocationPolicy, customAllocationDefinition }) =>
      allocationPolicy !== "custom" || customAllocationDefinition != null,
  },
  {
    path: ["customAllocationDefinition", "webhookUrl"],
    expected: "an https URL without a user name or password",
    holds: ({ customAllocationDefinition: custom }) =>
      custom == null || isWebhookUrl(custom.webhookUrl),
  },
  {
    path: ["customAllocationDefinition", "apiVersion"],
    expected: `a date of the form YYYY-MM-DD, ${MIN_WEBHOOK_API_VERSION} or later`,
    holds: ({ customAllocationDefinition: custom }) =>
      custom == null || isApiVersion(custom.apiVersion),
  },
  {
    path: ["capabilities", "iotEdge"],
    expected: "present",
    holds: ({ capabilities }) => capabilities == null || capabilities.iotEdge != null,
  },
  // The service takes one that is missing for false.
  ...["updateHubAssignment", "migrateDeviceData"].map((member) => ({
    path: ["reprovisionPolicy", member],
    expected: "present",
    holds: ({ reprovisionPolicy: policy }: Sent) => policy == null || policy[member] != null,
  })),
];

export const GROUP_RULES: readonly Rule<SentGroup>[] = [
  {
    path: ["enrollmentGroupId"],
    expected: ID,
    holds: ({ enrollmentGroupId: id }) => idProblem(id) === undefined,
  },
  ...COMMON,
  ...attestationRules("signingCertificates", "clientCertificates"),
  {
    path: ["attestation", "type"],
    expected: "x509 or symmetricKey: a TPM is one device's",
    holds: ({ attestation }) => attestation.type !== "tpm",
  },
];

export const INDIVIDUAL_RULES: readonly Rule<SentIndividual>[] = [
  {
    path: ["registrationId"],
    expected: ID,
    holds: ({ registrationId: id }) => idProblem(id) === undefined,
  },
  {
    path: ["deviceId"],
    expected: "an IoT hub's device id: 1 to 128 letters, digits and -:.+%_#*?!(),=@$'",
    holds: ({ deviceId: id }) => id == null || DEVICE_ID.test(id),
  },
  ...COMMON,
  ...attestationRules("clientCertificates", "signingCertificates"),
];
