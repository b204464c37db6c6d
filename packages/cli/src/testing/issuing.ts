/** Certificates in memory, of our own making and of openssl's. */
import { execFileSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Certificate,
  exportPrivateKeyPem,
  generateKeyPair,
  type IssueRequest,
  type Issuer,
  issueCertificate,
  parseCertificate,
} from "@dps-certs/ca-tools";

export const DAY = 86_400_000;

/** Whole seconds, as certificates have them. */
const NOW = Math.floor(Date.now() / 1000) * 1000;
export const inDays = (days: number): Date => new Date(NOW + days * DAY);

type Choices = Partial<Omit<IssueRequest, "issuer" | "publicKey" | "subject">>;
const DATES = { notBefore: inDays(-1), notAfter: inDays(60) };

export async function selfSigned(commonName: string, choices: Choices = {}): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair();
  const certificate = await issueCertificate({
    profile: "root",
    ...DATES,
    ...choices,
    subject: { commonName },
    publicKey,
    issuer: { selfSigned: privateKey },
  });
  return { certificate, privateKey };
}

/** An intermediate CA unless told otherwise. */
export async function issued(
  commonName: string,
  issuer: Issuer,
  choices: Choices = {},
): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair();
  const certificate = await issueCertificate({
    profile: "intermediate",
    ...DATES,
    ...choices,
    subject: { commonName },
    publicKey,
    issuer,
  });
  return { certificate, privateKey };
}

export const CA_LINES: readonly string[] = [
  "basicConstraints=critical,CA:TRUE",
  "keyUsage=critical,keyCertSign,cRLSign",
  "subjectKeyIdentifier=hash",
  "authorityKeyIdentifier=keyid",
];
export const LEAF_LINES: readonly string[] = [
  "basicConstraints=CA:FALSE",
  "keyUsage=critical,digitalSignature",
  "extendedKeyUsage=clientAuth",
  "subjectKeyIdentifier=hash",
  "authorityKeyIdentifier=keyid",
];

/** Lines without those of a kind. */
export const without = (lines: readonly string[], ...kinds: string[]): string[] =>
  lines.filter((line) => !kinds.some((kind) => line.startsWith(`${kind}=`)));

export interface OddRequest {
  /** In openssl's form. @default "/CN=dev-1" */
  subject?: string;
  /** Lines of an openssl.cnf. @default {@link LEAF_LINES} */
  lines?: readonly string[];
  /** What `openssl req -newkey` takes. @default an EC key */
  newKey?: readonly string[];
  digest?: string;
  /** Undefined makes it self-signed. */
  issuer?: Issuer;
}

const EC = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/** A certificate that our own profiles cannot say, valid for sixty days. */
export function odd(request: OddRequest): Issuer {
  const { subject = "/CN=dev-1", lines = LEAF_LINES, newKey = EC, digest, issuer } = request;
  const folder = mkdtempSync(join(tmpdir(), "dps-certs-odd-"));
  try {
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
    write("cnf", `[req]\ndistinguished_name=dn\n[dn]\n[ext]\n${lines.join("\n")}\n`);
    const openssl = (...args: string[]) =>
      execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
    const common = ["-config", "cnf", "-subj", subject, "-keyout", "key", "-nodes"];
    const hash = digest === undefined ? [] : [`-${digest}`];
    const self = issuer ? [] : ["-x509", "-days", "60", "-extensions", "ext", ...hash];
    openssl("req", "-new", ...self, "-newkey", ...newKey, ...common, "-out", "out");
    if (issuer !== undefined) {
      write("ca.pem", issuer.certificate.pem);
      write("ca.key", exportPrivateKeyPem(issuer.privateKey));
      const ext = lines.length > 0 ? ["-extfile", "cnf", "-extensions", "ext"] : [];
      const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "60", ...hash];
      openssl("x509", "-req", "-in", "out", "-out", "signed", ...signer, ...ext);
    }
    const pem = readFileSync(join(folder, issuer ? "signed" : "out"), "utf8");
    const key = createPrivateKey(readFileSync(join(folder, "key"), "utf8"));
    return { certificate: parseCertificate(pem), privateKey: key };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const certificatesOf = (...issuers: readonly Issuer[]): Certificate[] =>
  issuers.map(({ certificate }) => certificate);
