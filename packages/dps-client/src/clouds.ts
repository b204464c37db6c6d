/**
 * Where Azure's services are in one of its clouds.
 *
 * Sources: learn.microsoft.com/azure/private-link/private-endpoint-dns for the hosts of provisioning
 * services, learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure and
 * learn.microsoft.com/azure/china/resources-developer-guide for Resource Manager,
 * learn.microsoft.com/entra/identity-platform/authentication-national-cloud for Entra ID,
 * learn.microsoft.com/azure/iot-dps/concepts-control-access-dps-azure-ad for the service's scope.
 */
export interface Cloud {
  /** As in `az cloud list`. */
  name: string;
  /** Azure Resource Manager. */
  managementEndpoint: string;
  /** What a token for Azure Resource Manager is asked for. */
  managementScope: string;
  /** What a token for the enrollments of a service is asked for: the same in every cloud. */
  serviceScope: string;
  /** The host of a service is its name and this; begins with a dot. */
  serviceHostSuffix: string;
  /** Where devices register. */
  deviceEndpoint: string;
  /** Entra ID. */
  authorityHost: string;
}

function cloud(name: string, management: string, provisioning: string, authority: string): Cloud {
  return {
    name,
    managementEndpoint: `https://${management}`,
    managementScope: `https://${management}/.default`,
    serviceScope: "https://azure-devices-provisioning.net/.default",
    serviceHostSuffix: `.${provisioning}`,
    deviceEndpoint: `https://global.${provisioning}`,
    authorityHost: `https://${authority}`,
  };
}

export type CloudName = "AzureCloud" | "AzureChinaCloud" | "AzureUSGovernment";

/** Azure's clouds by name. */
export const CLOUDS: Readonly<Record<CloudName, Cloud>> = {
  AzureCloud: cloud(
    "AzureCloud",
    "management.azure.com",
    "azure-devices-provisioning.net",
    "login.microsoftonline.com",
  ),
  AzureChinaCloud: cloud(
    "AzureChinaCloud",
    "management.chinacloudapi.cn",
    "azure-devices-provisioning.cn",
    "login.chinacloudapi.cn",
  ),
  AzureUSGovernment: cloud(
    "AzureUSGovernment",
    "management.usgovcloudapi.net",
    "azure-devices-provisioning.us",
    "login.microsoftonline.us",
  ),
};
