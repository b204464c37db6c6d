import { idProblem } from "@dps-certs/dps-protocol";
import type { Context } from "../context.ts";
import { Refusal } from "../problems.ts";
import { readService } from "../provisioning-service.ts";
import { getEnrollment } from "../service/enrollment-store.ts";
import type { Reader } from "../store/store.ts";
import { type EnrollmentReference, referenceTo } from "./enrollment.ts";
import type { Peer } from "./peer.ts";
import { authenticateByKey } from "./symmetric.ts";
import { authenticateByCertificate } from "./x509.ts";

/** A device that has shown who it is, and the enrollment that it may register through. */
export interface AuthenticatedDevice {
  registrationId: string;
  enrollment: EnrollmentReference;
  credential: Credential;
}

export type Credential =
  | {
      type: "x509";
      /** The device's certificate, base64 of its DER. */
      certificate: string;
    }
  | { type: "symmetricKey" };

export interface Claim {
  idScope: string;
  registrationId: string;
  /** What the TLS client showed of itself. */
  peer: Peer | undefined;
  /** The SAS token, as the Authorization header has it. */
  token: string | undefined;
}

/**
 * Authenticates a device by its SAS token or, without one, by its TLS client certificate. An
 * individual enrollment of the registration id decides alone; only without one do groups count.
 *
 * Whether the enrollment is enabled is not asked here: a disabled one lets a device authenticate,
 * and its registration ends as `disabled`.
 *
 * @throws {Refusal} `unauthorized`, `invalid-certificate`, `ca-not-found`, `tpm-not-supported`
 */
export function authenticate(context: Context, claim: Claim): AuthenticatedDevice {
  const { idScope, registrationId } = claim;
  if (idProblem(registrationId) !== undefined) throw new Refusal("unauthorized");
  return context.store.read((store) => {
    // A scope is an exact text; only ids ignore case.
    if (idScope !== readService(store).idScope) throw new Refusal("unauthorized");
    return identify(store, claim, context.now());
  });
}

function identify(store: Reader, claim: Claim, now: Date): AuthenticatedDevice {
  const { registrationId, peer, token } = claim;
  const individual = getEnrollment(store, registrationId);
  if (individual?.attestation.type === "tpm") throw new Refusal("tpm-not-supported");
  if (token !== undefined) {
    const enrollment = authenticateByKey(store, { ...claim, token, individual, now });
    const credential = { type: "symmetricKey" } as const;
    return { registrationId, enrollment: referenceTo(enrollment), credential };
  }
  if (peer === undefined) throw new Refusal("unauthorized");
  const enrollment = authenticateByCertificate(store, { registrationId, peer, individual, now });
  const certificate = Buffer.from(peer.leaf).toString("base64");
  const credential = { type: "x509", certificate } as const;
  return { registrationId, enrollment: referenceTo(enrollment), credential };
}
