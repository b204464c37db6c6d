/** What options of the command line make of an enrollment or a group, as the service is sent it. */
import {
  API_VERSION,
  type AttestationMechanism,
  type EnrollmentGroup,
  type IndividualEnrollment,
  type X509Attestation,
} from "@dps-certs/dps-protocol";

export type AllocationPolicy = "hashed" | "geoLatency" | "static" | "custom";
/** Of the data of a device that registers again: it goes along, is begun anew, or the hub stays. */
export type Reprovision = "migrate" | "reset" | "never";

/** What individual enrollments and groups have in common; undefined is not given. */
export interface EnrollmentSettings {
  provisioningStatus?: "enabled" | "disabled" | undefined;
  allocationPolicy?: AllocationPolicy | undefined;
  /** Host names of IoT hubs. */
  iotHubs?: readonly string[] | undefined;
  webhookUrl?: string | undefined;
  /** @default the service's own, where the enrollment has none yet */
  webhookApiVersion?: string | undefined;
  reprovision?: Reprovision | undefined;
  edgeEnabled?: boolean | undefined;
  initialTwin?: Record<string, unknown> | undefined;
}

/** How devices show who they are; a slot that is undefined stays as it is. Keys are secrets. */
export type GivenAttestation =
  | {
      kind: "signingCertificates" | "clientCertificates";
      /** PEM. */
      primary?: string | undefined;
      secondary?: string | undefined;
      /** Takes the secondary out. */
      removeSecondary?: boolean | undefined;
    }
  | {
      kind: "caReferences";
      /** Names of certificates in the service. */
      primary?: string | undefined;
      secondary?: string | undefined;
      removeSecondary?: boolean | undefined;
    }
  | {
      kind: "symmetricKey";
      /** base64; the service draws one that is not given. */
      primaryKey?: string | undefined;
      secondaryKey?: string | undefined;
    }
  | { kind: "tpm"; endorsementKey: string; storageRootKey?: string | undefined };

type X509Kind = "signingCertificates" | "clientCertificates" | "caReferences";
type Common = Partial<EnrollmentGroup & IndividualEnrollment>;

/**
 * An enrollment with the settings that were given in place of those it has: what was not given stays.
 * Serves for a new one, and for one that was read.
 */
export function withSettings<T extends Common>(item: T, settings: EnrollmentSettings): T {
  const { provisioningStatus, allocationPolicy, iotHubs, edgeEnabled, initialTwin } = settings;
  const custom = customAllocation(item, settings);
  return {
    ...item,
    ...(provisioningStatus && { provisioningStatus }),
    ...(allocationPolicy && { allocationPolicy }),
    ...(iotHubs && { iotHubs: [...iotHubs] }),
    ...(custom !== undefined && { customAllocationDefinition: custom }),
    ...(settings.reprovision && {
      reprovisionPolicy: {
        ...item.reprovisionPolicy,
        ...REPROVISION[settings.reprovision],
      },
    }),
    ...(edgeEnabled !== undefined && {
      capabilities: { ...item.capabilities, iotEdge: edgeEnabled },
    }),
    ...(initialTwin && { initialTwin }),
  };
}

/** As `az iot dps` has them. */
const REPROVISION: Readonly<
  Record<Reprovision, { updateHubAssignment: boolean; migrateDeviceData: boolean }>
> = {
  migrate: { updateHubAssignment: true, migrateDeviceData: true },
  reset: { updateHubAssignment: true, migrateDeviceData: false },
  never: { updateHubAssignment: false, migrateDeviceData: false },
};

function customAllocation(
  { customAllocationDefinition: present }: Common,
  { allocationPolicy, webhookUrl, webhookApiVersion }: EnrollmentSettings,
): Common["customAllocationDefinition"] {
  // A webhook that nobody asks would only mislead.
  if (allocationPolicy !== undefined && allocationPolicy !== "custom") return present && null;
  if (webhookUrl === undefined && webhookApiVersion === undefined) return undefined;
  return {
    ...present,
    webhookUrl: webhookUrl ?? present?.webhookUrl ?? "",
    apiVersion: webhookApiVersion ?? present?.apiVersion ?? API_VERSION.service,
  };
}

/**
 * The attestation with what was given: another kind takes the place of the whole, the same kind only
 * of the slots that were given.
 *
 * @param stored - undefined of a new enrollment
 */
export function withAttestation(
  stored: AttestationMechanism | undefined,
  given: GivenAttestation,
): AttestationMechanism {
  if (given.kind === "symmetricKey") {
    const keys = defined({ primaryKey: given.primaryKey, secondaryKey: given.secondaryKey });
    const present = ofType(stored, "symmetricKey");
    const symmetricKey = { ...present?.symmetricKey, ...keys };
    return {
      ...present,
      type: "symmetricKey",
      ...(Object.keys(symmetricKey).length > 0 && { symmetricKey }),
    };
  }
  if (given.kind === "tpm") {
    const { endorsementKey, storageRootKey } = given;
    const present = ofType(stored, "tpm");
    // Another TPM has none of this one's keys.
    const same = present?.tpm?.endorsementKey === endorsementKey ? present.tpm : undefined;
    return {
      ...present,
      type: "tpm",
      tpm: { ...same, endorsementKey, ...defined({ storageRootKey }) },
    };
  }
  const pair = stored?.x509?.[given.kind] ?? undefined;
  const present = pair && ofType(stored, "x509");
  const x509: X509Attestation = { ...present?.x509, [given.kind]: slots(given, pair) };
  return { ...present, type: "x509", x509 };
}

/** Of another type nothing is kept; of the same what a newer service says of it as well. */
const ofType = (stored: AttestationMechanism | undefined, type: AttestationMechanism["type"]) =>
  stored?.type === type ? stored : undefined;

function slots(
  { kind, primary, secondary, removeSecondary }: Extract<GivenAttestation, { kind: X509Kind }>,
  present: Record<string, unknown> | undefined,
): Record<string, unknown> {
  const slotOf = (value: string | undefined) =>
    kind === "caReferences" || value === undefined ? value : { certificate: value };
  const { secondary: old, ...others } = present ?? {};
  return {
    ...others,
    ...(old != null && !removeSecondary && { secondary: old }),
    ...defined({ primary: slotOf(primary), secondary: slotOf(secondary) }),
  };
}

const defined = <T extends Record<string, unknown>>(
  members: T,
): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
