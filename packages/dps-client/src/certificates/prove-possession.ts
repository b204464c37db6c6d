import type { CertificateResponse, VerificationCodeResponse } from "@dps-certs/dps-protocol";
import { clientError, isDpsClientError } from "../errors.ts";
import type { CallOptions, RequiredConditionOptions } from "../options.ts";

/** Times that a proof of possession begins again after somebody else's change. */
export const DEFAULT_ROUNDS = 3;

export interface ProvePossessionOptions extends CallOptions {
  /**
   * Times it is tried at most, when others change the certificate at the same time.
   * @default 3
   */
  rounds?: number | undefined;
}

/** Gives the verification certificate for a code: PEM text, or bytes of PEM or DER. */
export type SignVerification = (code: string) => string | Uint8Array | Promise<string | Uint8Array>;

/** The calls that a proof of possession is made of. */
export interface PossessionCalls {
  get: (name: string, options: CallOptions) => Promise<CertificateResponse>;
  generateVerificationCode: (
    name: string,
    options: RequiredConditionOptions,
  ) => Promise<VerificationCodeResponse>;
  verify: (
    name: string,
    certificate: string | Uint8Array,
    options: RequiredConditionOptions,
  ) => Promise<CertificateResponse>;
}

/** See `CertificatesClient.provePossession`. */
export async function provePossession(
  calls: PossessionCalls,
  name: string,
  sign: SignVerification,
  { rounds = DEFAULT_ROUNDS, signal }: ProvePossessionOptions,
): Promise<CertificateResponse> {
  let current = await calls.get(name, { signal });
  const { thumbprint } = current.properties;
  const requireSame = (now: CertificateResponse, cause?: unknown): CertificateResponse => {
    if (now.properties.thumbprint === thumbprint) return now;
    const message = `verify certificate ${name}: another certificate took its place meanwhile`;
    throw clientError("conflict", message, { cause });
  };
  for (let round = 1; current.properties.isVerified !== true; round++) {
    try {
      const answer = await calls.generateVerificationCode(name, { ifMatch: current.etag, signal });
      const certificate = await sign(answer.properties.verificationCode);
      return requireSame(await calls.verify(name, certificate, { ifMatch: answer.etag, signal }));
    } catch (error) {
      if (!isDpsClientError(error, "etag-mismatch")) throw error;
      // It may also be our own change whose answer was lost: what is there now tells.
      current = requireSame(await calls.get(name, { signal }), error);
      if (round >= rounds && current.properties.isVerified !== true) throw error;
    }
  }
  return current;
}
