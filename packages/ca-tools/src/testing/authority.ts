/** CAs and leaves in memory. */
import { type IssueRequest, type Issuer, issueCertificate } from "../x509/issue.ts";
import { generateKeyPair, type KeyPair } from "../x509/keys.ts";

export const NOW: Date = new Date("2030-03-01T12:00:00.000Z");
const DAY = 86_400_000;

/** The day that lies so many days after {@link NOW}. */
export const inDays = (days: number): Date => new Date(NOW.getTime() + days * DAY);

export type Overrides = Partial<Omit<IssueRequest, "issuer" | "publicKey" | "subject">> & {
  keys?: KeyPair;
};

const DATES = { notBefore: inDays(-1), notAfter: inDays(10) };

export async function rootCa(commonName: string, overrides: Overrides = {}): Promise<Issuer> {
  const { keys = await generateKeyPair(), ...rest } = overrides;
  const certificate = await issueCertificate({
    profile: "root",
    ...DATES,
    ...rest,
    subject: { commonName },
    publicKey: keys.publicKey,
    issuer: { selfSigned: keys.privateKey },
  });
  return { certificate, privateKey: keys.privateKey };
}

/** A certificate below `issuer`, with its key: an intermediate CA unless told otherwise. */
export async function issue(
  commonName: string,
  issuer: Issuer,
  overrides: Overrides = {},
): Promise<Issuer> {
  const { keys = await generateKeyPair(), ...rest } = overrides;
  const certificate = await issueCertificate({
    profile: "intermediate",
    ...DATES,
    ...rest,
    subject: { commonName },
    publicKey: keys.publicKey,
    issuer,
  });
  return { certificate, privateKey: keys.privateKey };
}
