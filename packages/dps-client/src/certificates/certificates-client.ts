import type { TokenCredential } from "@azure/core-auth";
import {
  API_VERSION,
  CertificateList,
  CertificateResponse,
  certificateNameProblem,
  NESTED_UPLOAD_SINCE,
  type ServiceResource,
  servicePath,
  VerificationCodeResponse,
} from "@dps-certs/dps-protocol";
import { bearerAuthorization } from "../authorization.ts";
import { checked, goneIfLost, orUndefined, requireValid, settleLost } from "../checked.ts";
import { parseEndpoint, pathSegment } from "../endpoint.ts";
import type {
  CallOptions,
  ConditionalOptions,
  RequiredConditionOptions,
  TransportOptions,
} from "../options.ts";
import { SYSTEM_RUNTIME } from "../runtime.ts";
import { createTransport, type Transport } from "../transport.ts";
import { certificateField, readOneCertificate, sha1Thumbprint } from "./certificate-field.ts";
import {
  type ProvePossessionOptions,
  provePossession,
  type SignVerification,
} from "./prove-possession.ts";

export const MANAGEMENT_ENDPOINT = "https://management.azure.com";
export const MANAGEMENT_SCOPE = "https://management.azure.com/.default";

export interface CertificatesClientOptions extends TransportOptions {
  /** @default "https://management.azure.com" */
  endpoint?: string | undefined;
  /** The provisioning service whose certificates these are. */
  resource: ServiceResource;
  /** Entra ID, or `staticToken` for an emulator. */
  credential: TokenCredential;
  /**
   * What a token is asked for; another cloud has another.
   * @default "https://management.azure.com/.default"
   */
  scope?: string | undefined;
  /** @default API_VERSION.management */
  apiVersion?: string | undefined;
}

export interface UploadOptions extends ConditionalOptions {
  /**
   * Has the service take the CA as verified without proof of possession.
   * @default false
   */
  verified?: boolean | undefined;
}

/** CA certificates of a provisioning service, through Azure Resource Manager. */
export class CertificatesClient {
  readonly #transport: Transport;
  readonly #base: string;
  readonly #nested: boolean;

  constructor(options: CertificatesClientOptions) {
    const apiVersion = options.apiVersion ?? API_VERSION.management;
    const { subscriptionId, resourceGroup, dpsName } = options.resource;
    pathSegment(subscriptionId, "subscriptionId");
    pathSegment(resourceGroup, "resourceGroup");
    pathSegment(dpsName, "dpsName");
    this.#base = `${servicePath(options.resource)}/certificates`;
    this.#nested = apiVersion >= NESTED_UPLOAD_SINCE;
    this.#transport = createTransport({
      plane: "management",
      endpoint: parseEndpoint(options.endpoint ?? MANAGEMENT_ENDPOINT),
      apiVersion,
      authorize: bearerAuthorization(
        options.credential,
        options.scope ?? MANAGEMENT_SCOPE,
        options.runtime?.now ?? SYSTEM_RUNTIME.now,
      ),
      options,
    });
  }

  #path(name: string): string {
    requireValid(certificateNameProblem(name), "certificate", name);
    return `${this.#base}/${pathSegment(name, "a certificate's name")}`;
  }

  /** All of them: the service holds 25 at most and does not page. */
  async list({ signal }: CallOptions = {}): Promise<CertificateResponse[]> {
    const what = "list certificates";
    const { body } = await this.#transport.send({ what, method: "GET", path: this.#base, signal });
    return checked(CertificateList, body, "a list of certificates", what).value;
  }

  /** @throws {DpsClientError} `not-found` */
  async get(name: string, { signal }: CallOptions = {}): Promise<CertificateResponse> {
    const what = `get certificate ${name}`;
    const path = this.#path(name);
    const { body } = await this.#transport.send({ what, method: "GET", path, signal });
    return checked(CertificateResponse, body, "a certificate", what);
  }

  /** As `get`, with undefined for one that is not there. */
  find(name: string, options?: CallOptions): Promise<CertificateResponse | undefined> {
    return orUndefined(this.get(name, options));
  }

  /**
   * Creates or, with `ifMatch`, replaces a certificate.
   *
   * @param certificate one certificate, as PEM text or as the bytes of PEM or DER
   * @throws {DpsClientError} `invalid-certificate`; `etag-mismatch` or `conflict` if it exists and
   *   `ifMatch` does not name its current state
   */
  upload(
    name: string,
    certificate: string | Uint8Array,
    { verified, ifMatch, signal }: UploadOptions = {},
  ): Promise<CertificateResponse> {
    const what = `upload certificate ${name}`;
    return settleLost(
      async () => {
        const path = this.#path(name);
        const content = {
          certificate: certificateField(readOneCertificate(certificate)),
          ...(verified === undefined ? {} : { isVerified: verified }),
        };
        const { body } = await this.#transport.send({
          what,
          method: "PUT",
          path,
          headers: { "if-match": ifMatch },
          body: this.#nested ? { properties: content } : content,
          signal,
        });
        return checked(CertificateResponse, body, "a certificate", what);
      },
      async () => {
        const stored = await this.find(name, { signal });
        const same =
          stored?.properties.thumbprint === sha1Thumbprint(readOneCertificate(certificate)) &&
          (stored.properties.isVerified ?? false) === (verified ?? false);
        return same ? stored : undefined;
      },
    );
  }

  /**
   * Has the service make a new verification code; one made before is void. The answer carries a new
   * etag, the one that `verify` needs.
   *
   * @throws {DpsClientError} `not-found`, `etag-mismatch`
   */
  async generateVerificationCode(
    name: string,
    { ifMatch, signal }: RequiredConditionOptions,
  ): Promise<VerificationCodeResponse> {
    const what = `make a verification code for certificate ${name}`;
    const { body } = await this.#transport.send({
      what,
      method: "POST",
      path: `${this.#path(name)}/generateVerificationCode`,
      headers: { "if-match": ifMatch },
      signal,
    });
    return checked(VerificationCodeResponse, body, "a verification code", what);
  }

  /**
   * Proves possession of the CA's private key.
   *
   * @param certificate signed by the uploaded CA, its common name the current verification code
   * @throws {DpsClientError} `proof-of-possession-failed`, `bad-request`, `etag-mismatch`,
   *   `not-found`
   */
  verify(
    name: string,
    certificate: string | Uint8Array,
    { ifMatch, signal }: RequiredConditionOptions,
  ): Promise<CertificateResponse> {
    const what = `verify certificate ${name}`;
    return settleLost(
      async () => {
        const { body } = await this.#transport.send({
          what,
          method: "POST",
          path: `${this.#path(name)}/verify`,
          headers: { "if-match": ifMatch },
          body: { certificate: certificateField(readOneCertificate(certificate)) },
          signal,
        });
        return checked(CertificateResponse, body, "a certificate", what);
      },
      async () => {
        const stored = await this.find(name, { signal });
        return stored?.properties.isVerified === true ? stored : undefined;
      },
    );
  }

  /**
   * The whole proof of possession: code, signature, verification, each with the etag that the answer
   * before carried. A certificate that is verified already is returned as it is.
   *
   * @param sign gives a certificate for the code, PEM or DER, signed by the uploaded CA
   * @throws {DpsClientError} as `verify`; `conflict` if another certificate took the name meanwhile
   */
  provePossession(
    name: string,
    sign: SignVerification,
    options: ProvePossessionOptions = {},
  ): Promise<CertificateResponse> {
    return provePossession(this, name, sign, options);
  }

  /** Deletes a certificate; one that is not there is no error to the service. */
  async delete(name: string, { ifMatch, signal }: RequiredConditionOptions): Promise<void> {
    const what = `delete certificate ${name}`;
    const path = this.#path(name);
    const headers = { "if-match": ifMatch };
    await goneIfLost(this.#transport.send({ what, method: "DELETE", path, headers, signal }));
  }

  /** Closes the client's connections; requests under way end first. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
