/** Addresses, versions and limits of the service that client and emulator share. */

/** api-version each client asks for unless told otherwise. */
export const API_VERSION = {
  management: "2022-12-12",
  service: "2021-10-01",
  device: "2021-10-01",
} as const;

/** First management api-version in which the body of a certificate PUT has `properties`. */
export const NESTED_UPLOAD_SINCE = "2022-02-05";

/** Certificates that one service holds. */
export const MAX_CERTIFICATES = 25;
/** Enrollment groups of one kind of attestation that one service holds. */
export const MAX_GROUPS_OF_A_KIND = 100;
/** Largest body that the service takes, in bytes. */
export const MAX_BODY_BYTES = 96 * 1024;

export interface ServiceResource {
  subscriptionId: string;
  resourceGroup: string;
  dpsName: string;
}

/** Path of a service in Azure Resource Manager. */
export function servicePath({ subscriptionId, resourceGroup, dpsName }: ServiceResource): string {
  const [subscription, group, name] = [subscriptionId, resourceGroup, dpsName].map((part) =>
    encodeURIComponent(part),
  );
  return `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Devices/provisioningServices/${name}`;
}
