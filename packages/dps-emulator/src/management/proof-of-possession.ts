import { type Certificate, isIssuedBy } from "@dps-certs/ca-tools";
import { Refusal } from "../problems.ts";

/**
 * Accepts a verification certificate as proof that its sender holds the CA's private key: it is
 * issued and signed by that very CA, its common name is the outstanding code, and it is in date.
 * Extensions are not looked at: the service takes verification certificates without keyUsage,
 * basicConstraints or a correct key identifier.
 *
 * @throws {Refusal} one of the `proof-…` problems
 */
export function checkProof(input: {
  proof: Certificate;
  ca: Certificate;
  verificationCode: string | undefined;
  now: Date;
}): void {
  const { proof, ca, verificationCode, now } = input;
  if (verificationCode === undefined) throw new Refusal("proof-no-code");
  if (!isIssuedBy(proof, ca)) throw new Refusal("proof-other-issuer", proof.issuer);
  if (proof.commonName !== verificationCode) throw new Refusal("proof-wrong-code");
  if (now < proof.notBefore || now > proof.notAfter) throw new Refusal("proof-out-of-date");
}
