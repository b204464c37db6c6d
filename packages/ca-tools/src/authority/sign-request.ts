import { createPublicKey, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { readText } from "../folder/files.ts";
import { indexRow } from "../folder/index-file.ts";
import { checkDeviceId } from "../folder/layout.ts";
import { changePki } from "../folder/pki.ts";
import { type Certificate, MAX_CERTIFICATE_BYTES } from "../x509/certificate.ts";
import type { Names } from "../x509/extensions.ts";
import { issueCertificate } from "../x509/issue.ts";
import { parsePrivateKey } from "../x509/keys.ts";
import { PROFILES, type ProfileName } from "../x509/profiles.ts";
import type { CertificateRequest } from "../x509/request.ts";
import { validityFor } from "../x509/validity.ts";
import { alternativeNames, namesOfServer } from "./alternative-names.ts";
import { archiveMoves } from "./archive.ts";
import { checkMayIssueCa } from "./ca-files.ts";
import { certificateFiles, checkIssuer, leafPaths } from "./leaf-files.ts";
import type { Ca } from "./load-ca.ts";
import { listDeviceIds } from "./load-device.ts";
import { supersededRows } from "./unique-subjects.ts";

/** What a request can be made into; verification certificates need no key of anybody's. */
export type RequestProfile = Exclude<ProfileName, "root" | "verification">;

export interface SignRequestOptions {
  /** Any CA of the folder. */
  issuer: Ca;
  request: CertificateRequest;
  now: Date;
  /** Decides every extension; those of the request are never copied. @default "device" */
  profile?: RequestProfile;
  /** @default the request's, where it has exactly one */
  commonName?: string;
  /** Host names and addresses to vouch for; a server is also given its own name. @default none of the request's */
  subjectAlternativeNames?: Names;
  /** Lifetime in days. @default the profile's */
  days?: number;
  /** Replaces what is there under the name; its files are moved to `old-<time>/`. @default false */
  force?: boolean;
}

export interface SignedRequest {
  /** What its files are called by: the common name; a CA's ends in `.ca`, a server's in `.server`. */
  id: string;
  certificate: Certificate;
  /** The end that was asked for, where the issuer's earlier end replaced it. */
  cutFrom?: Date;
}

/**
 * Issues a certificate for the key of a request (PKCS #10, RFC 2986) whose maker keeps the private key.
 * Certificate, full chain and the request itself are put in place together.
 *
 * @throws {CaToolsError} `invalid-request` for one that has not exactly one common name where none is
 * given; `invalid-name`; `exists`; `outside-validity`; `not-a-ca` where the issuer's path length allows
 * no CA below it; `locked` when the issuer was replaced meanwhile
 */
export async function signRequest(
  folder: string,
  options: SignRequestOptions,
): Promise<SignedRequest> {
  const { issuer, request, now, profile = "device", force = false } = options;
  const commonName = options.commonName ?? onlyCommonName(request);
  const id = fileId(commonName, profile);
  checkDeviceId(id);
  if (PROFILES[profile].ca) checkMayIssueCa(issuer.chain);
  const days = options.days ?? PROFILES[profile].days;
  const { cutFrom, ...dates } = validityFor(now, days, issuer.certificate);
  const names = namesFor(commonName, profile, options.subjectAlternativeNames);
  const certificate = await issueCertificate({
    profile,
    subject: { commonName },
    publicKey: request.publicKey,
    issuer,
    ...dates,
    ...(names && { subjectAlternativeNames: names }),
  });
  await changePki(folder, async (registry) => {
    checkIssuer(folder, registry, issuer);
    await refusePresent(folder, id, force);
    const { key, ...paths } = leafPaths(id);
    const isOwnKey = await isKeyFileOf(join(folder, key), request.publicKey);
    const room = isOwnKey ? Object.values(paths) : [key, ...Object.values(paths)];
    return {
      moves: await archiveMoves(folder, now, room),
      files: [
        { path: paths.request, data: request.pem },
        ...certificateFiles(id, certificate, issuer),
      ],
      rows: [indexRow(certificate)],
      revocations: await supersededRows(folder, [certificate], { now, force }),
    };
  });
  return { id, certificate, ...(cutFrom && { cutFrom }) };
}

function onlyCommonName({ commonName, subject }: CertificateRequest): string {
  if (commonName !== undefined) return commonName;
  throw new CaToolsError(
    "invalid-request",
    `the request's subject (${subject || "empty"}) has not exactly one common name`,
    { hint: "say which name the certificate is to have, with --cn" },
  );
}

/** An Edge device's CA and server certificate stand beside its identity: their names differ. */
function fileId(commonName: string, profile: RequestProfile): string {
  const { ca, extendedKeyUsage } = PROFILES[profile];
  const word = ca ? ".ca" : extendedKeyUsage.includes("serverAuth") ? ".server" : "";
  return commonName.endsWith(word) ? commonName : `${commonName}${word}`;
}

function namesFor(
  commonName: string,
  profile: RequestProfile,
  given: Names = {},
): Names | undefined {
  const isServer = PROFILES[profile].extendedKeyUsage.includes("serverAuth");
  const own = isServer ? namesOfServer(commonName) : {};
  const { dns, ip } = alternativeNames({
    dns: [...(own.dns ?? []), ...(given.dns ?? [])],
    ip: [...(own.ip ?? []), ...(given.ip ?? [])],
  });
  if (dns.length + ip.length > 0) return { dns, ip };
  if (!isServer) return undefined;
  throw new CaToolsError(
    "invalid-name",
    `${commonName} is neither a host name nor an address, and a server is known by nothing else`,
    { hint: "name the server's hosts with --dns or --ip" },
  );
}

async function refusePresent(folder: string, id: string, force: boolean): Promise<void> {
  const ids = await listDeviceIds(folder);
  const other = ids.find((one) => one.toLowerCase() === id.toLowerCase());
  if (other === undefined || (force && other === id)) return;
  const same = other === id;
  throw new CaToolsError(
    "exists",
    same
      ? `there is already a certificate for ${id}`
      : `there is already a certificate for ${other}, and names do not differ by letter case alone`,
    {
      hint: same
        ? "use --force to replace it; the old files are kept in old-<time>/"
        : "choose another name with --cn",
    },
  );
}

/** The request may have been made with the key that is here: then the two stay together. */
async function isKeyFileOf(path: string, publicKey: KeyObject): Promise<boolean> {
  const text = await readText(path, MAX_CERTIFICATE_BYTES);
  if (text === undefined) return false;
  try {
    return createPublicKey(parsePrivateKey(text)).equals(publicKey);
  } catch {
    // Encrypted, damaged or of another kind: it makes room, as any key that is not this one.
    return false;
  }
}
