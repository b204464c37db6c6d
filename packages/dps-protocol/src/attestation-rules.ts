/** What the service demands of an attestation beyond its shape. */
import { type AttestationBody, SYMMETRIC_KEY_BYTES, type X509Certificates } from "./attestation.ts";
import { certificateNameProblem } from "./ids.ts";
import type { Rule } from "./schema.ts";

type CertificateKind = "signingCertificates" | "clientCertificates";
interface Attested {
  attestation: AttestationBody;
}

const SLOTS = ["primary", "secondary"] as const;
const KEYS = ["primaryKey", "secondaryKey"] as const;
const DETAILS = ["x509", "symmetricKey", "tpm"] as const;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const isBase64 = (text: string): boolean => text !== "" && BASE64.test(text);

/** Says why `key` is no symmetric key; undefined when it is one. Never quotes it. */
export function symmetricKeyProblem(key: string): string | undefined {
  const { min, max } = SYMMETRIC_KEY_BYTES;
  const length = (key.length / 4) * 3 - (/=*$/.exec(key)?.[0].length ?? 0);
  if (isBase64(key) && length >= min && length <= max) return undefined;
  return `it is not base64 of ${min} to ${max} bytes`;
}

/** Says why `key` is no key of a TPM; undefined when it may be one. Never quotes it. */
export function tpmKeyProblem(key: string): string | undefined {
  return isBase64(key) ? undefined : "it is not base64";
}

/** An empty text is one that somebody forgot to fill in. */
const holdsCertificate = ({ primary, secondary }: X509Certificates): boolean =>
  [primary, secondary].every(
    (slot) =>
      slot == null || Boolean(slot.certificate) || (slot.certificate == null && slot.info != null),
  );

/**
 * Rules of an attestation.
 *
 * @param own kind of certificates that an enrollment of this kind has
 * @param other kind that it cannot have
 */
export function attestationRules(own: CertificateKind, other: CertificateKind): Rule<Attested>[] {
  const x509 = ["attestation", "x509"];
  return [
    ...DETAILS.map((detail) => ({
      path: ["attestation", detail],
      expected: `absent, as attestation.type is another`,
      holds: ({ attestation }: Attested) =>
        attestation[detail] == null || attestation.type === detail,
    })),
    {
      path: x509,
      expected: `${own} or caReferences`,
      holds: ({ attestation: { type, x509: sent } }) =>
        type !== "x509" || sent?.[own] != null || sent?.caReferences != null,
    },
    {
      path: [...x509, other],
      expected: `absent: an enrollment of this kind has ${own}`,
      holds: ({ attestation }) => attestation.x509?.[other] == null,
    },
    {
      path: [...x509, "caReferences"],
      expected: `absent where there are ${own}`,
      holds: ({ attestation: { x509: sent } }) => sent?.caReferences == null || sent[own] == null,
    },
    {
      path: [...x509, own, "primary"],
      expected: "present",
      holds: ({ attestation: { x509: sent } }) => sent?.[own] == null || sent[own].primary != null,
    },
    ...SLOTS.map((slot) => ({
      path: [...x509, own, slot],
      expected: "a certificate, or the info of the one that is stored",
      holds: ({ attestation: { x509: sent } }: Attested) =>
        holdsCertificate({ [slot]: sent?.[own]?.[slot] }),
    })),
    {
      path: [...x509, "caReferences", "primary"],
      expected: "present",
      holds: ({ attestation: { x509: sent } }) =>
        sent?.caReferences == null || Boolean(sent.caReferences.primary),
    },
    ...SLOTS.map((slot) => ({
      path: [...x509, "caReferences", slot],
      expected: "the name of a certificate: 1 to 64 letters, digits and - . _",
      holds: ({ attestation: { x509: sent } }: Attested) => {
        const name = sent?.caReferences?.[slot];
        return name == null || certificateNameProblem(name) === undefined;
      },
    })),
    ...KEYS.map((member) => ({
      path: ["attestation", "symmetricKey", member],
      expected: `base64 of ${SYMMETRIC_KEY_BYTES.min} to ${SYMMETRIC_KEY_BYTES.max} bytes`,
      holds: ({ attestation: { symmetricKey } }: Attested) => {
        const key = symmetricKey?.[member];
        return key == null || symmetricKeyProblem(key) === undefined;
      },
    })),
    {
      path: ["attestation", "tpm"],
      expected: "present",
      holds: ({ attestation: { type, tpm } }) => type !== "tpm" || tpm != null,
    },
    ...(["endorsementKey", "storageRootKey"] as const).map((member) => ({
      path: ["attestation", "tpm", member],
      expected: "base64",
      holds: ({ attestation: { tpm } }: Attested) => {
        const key = tpm?.[member];
        return key == null || tpmKeyProblem(key) === undefined;
      },
    })),
  ];
}
