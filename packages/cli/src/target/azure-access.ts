import type { Cloud, ProvisioningServicesClientOptions } from "@dps-certs/dps-client";

/** Anything that gives Entra ID tokens. */
export type TokenCredential = ProvisioningServicesClientOptions["credential"];

/** What narrows down who signs in, and where. */
export interface CredentialHints {
  cloud: Cloud;
  /** Whether somebody chose the cloud; AZURE_AUTHORITY_HOST stands otherwise. */
  isCloudGiven: boolean;
  /** Id or name. */
  subscription: string | undefined;
  tenantId: string | undefined;
}

/**
 * How Azure is reached, for programs and tests that hand in their own. It is set by code alone: no
 * option and no variable leads a command past Azure's own hosts and certificates.
 */
export interface AzureAccess {
  /** @default CLOUDS of dps-client */
  clouds?: Readonly<Record<string, Cloud>>;
  /** @default signs in as `@azure/identity` does */
  createCredential?: (hints: CredentialHints) => Promise<TokenCredential>;
  /** URL of a service's data plane. @default `https://` and the host */
  serviceEndpoint?: (hostName: string) => string;
  /** The only CAs to trust, PEM. @default Node's */
  ca?: string;
}
