import type { Certificate } from "@dps-certs/ca-tools";
import {
  certificateNameProblem,
  FlatCertificateUpload,
  MAX_CERTIFICATES,
  NESTED_UPLOAD_SINCE,
  NestedCertificateUpload,
  servicePath,
  VerificationRequest,
} from "@dps-certs/dps-protocol";
import { readCertificateField, storedCertificate, toStored } from "../certificate-field.ts";
import type { Context } from "../context.ts";
import { allowsWriteUnquoted, nextEtag } from "../etag.ts";
import { readBody } from "../http/body.ts";
import type { ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import { type ProvisioningService, readService } from "../provisioning-service.ts";
import type { Reader, Writer } from "../store/store.ts";
import { httpDate } from "../time.ts";
import { checkProof } from "./proof-of-possession.ts";

/** A CA certificate that was uploaded to the service. */
export interface UploadedCertificate {
  name: string;
  /** The text that was uploaded. */
  uploaded: string;
  /** Base64 of the DER. */
  der: string;
  isVerified: boolean;
  /** RFC 1123. */
  updated: string;
  etag: string;
  /** Outstanding proof of possession; at most one. */
  verificationCode?: string;
}

interface Named {
  name: string;
  ifMatch: string | undefined;
}

const PREFIX = "certificate/";
const keyOf = (name: string) => PREFIX + name.toLowerCase();
/** Bytes of a verification code: 48 hex digits, which fits a common name. */
const CODE_BYTES = 24;
/** What the service has answered for `created` since 2020. */
const CREATED = "Mon, 01 Jan 0001 00:00:00 GMT";

export function uploadedCertificates(store: Reader): UploadedCertificate[] {
  return store.list(PREFIX).map(({ value }) => value as UploadedCertificate);
}

export function listCertificates(context: Context): ServiceResponse {
  return context.store.read((store) => {
    const service = readService(store);
    const value = uploadedCertificates(store).map((stored) => answer(service, stored));
    return { status: 200, body: { value } };
  });
}

export function getCertificate(context: Context, name: string): ServiceResponse {
  return context.store.read((store) => ({
    status: 200,
    body: answer(readService(store), find(store, name)),
  }));
}

/**
 * Uploads or replaces a CA certificate. `isVerified: true` stores it as verified without proof of
 * possession, as the service does. The same certificate again keeps what was proven; another one
 * under the same name has proven nothing.
 */
export function putCertificate(
  context: Context,
  { name, ifMatch }: Named,
  apiVersion: string,
  body: Uint8Array,
): ServiceResponse {
  const problem = certificateNameProblem(name);
  if (problem !== undefined) throw new Refusal("bad-request", `${problem}.`);
  const upload =
    apiVersion < NESTED_UPLOAD_SINCE
      ? readBody(FlatCertificateUpload, body, "a certificate upload")
      : readBody(NestedCertificateUpload, body, "a certificate upload").properties;
  const certificate = parseField(upload.certificate);
  return context.store.write((store) => {
    const present = store.get(keyOf(name)) as UploadedCertificate | undefined;
    if (present === undefined) refuseBeyondLimit(store);
    else requireMatch(ifMatch ?? "", present);
    const same = present?.der === toStored(certificate) ? present : undefined;
    const stored = save(context, store, {
      name: present?.name ?? name,
      uploaded: upload.certificate,
      der: toStored(certificate),
      isVerified: upload.isVerified ?? same?.isVerified ?? false,
      ...(same?.verificationCode ? { verificationCode: same.verificationCode } : {}),
    });
    return { status: 200, body: answer(readService(store), stored) };
  });
}

export function deleteCertificate(context: Context, { name, ifMatch }: Named): ServiceResponse {
  return context.store.write((store) => {
    const stored = lookUp(store, name);
    if (stored === undefined) return { status: 204 };
    requireMatch(required(ifMatch), stored);
    store.delete(keyOf(name));
    return { status: 200 };
  });
}

/** Draws a fresh verification code, which voids the last one. */
export function generateVerificationCode(
  context: Context,
  { name, ifMatch }: Named,
): ServiceResponse {
  return context.store.write((store) => {
    const present = find(store, name);
    requireMatch(required(ifMatch), present);
    const verificationCode = context.randomBytes(CODE_BYTES).toString("hex").toUpperCase();
    const stored = save(context, store, { ...present, verificationCode });
    const { properties, ...resource } = answer(readService(store), stored);
    return {
      status: 200,
      body: {
        properties: { verificationCode, ...properties, certificate: stored.uploaded },
        ...resource,
      },
    };
  });
}

/** Proof of possession; success uses the code up. */
export function verifyCertificate(
  context: Context,
  { name, ifMatch }: Named,
  body: Uint8Array,
): ServiceResponse {
  const request = readBody(VerificationRequest, body, "a verification request");
  const proof = parseField(request.certificate);
  return context.store.write((store) => {
    const present = find(store, name);
    requireMatch(required(ifMatch), present);
    const { verificationCode, ...rest } = present;
    checkProof({
      proof,
      ca: storedCertificate(present.der),
      verificationCode,
      now: context.now(),
    });
    const stored = save(context, store, { ...rest, isVerified: true });
    return { status: 200, body: answer(readService(store), stored) };
  });
}

function parseField(field: string): Certificate {
  const certificate = readCertificateField(field);
  if (certificate !== undefined) return certificate;
  throw new Refusal(
    "bad-request",
    "The certificate is not a certificate in PEM text, base64 of PEM, or base64 of DER.",
  );
}

function find(store: Reader, name: string): UploadedCertificate {
  const stored = lookUp(store, name);
  if (stored === undefined) throw new Refusal("no-certificate", name);
  return stored;
}

/** Only a valid name is looked up: lower case would fold the Kelvin sign into a k. */
function lookUp(store: Reader, name: string): UploadedCertificate | undefined {
  if (certificateNameProblem(name) !== undefined) return undefined;
  return store.get(keyOf(name)) as UploadedCertificate | undefined;
}

function required(ifMatch: string | undefined): string {
  if (ifMatch !== undefined) return ifMatch;
  throw new Refusal("bad-request", "The If-Match header is required for this operation.");
}

function requireMatch(ifMatch: string, { etag }: UploadedCertificate): void {
  if (!allowsWriteUnquoted(ifMatch, etag)) throw new Refusal("invalid-etag");
}

function refuseBeyondLimit(store: Reader): void {
  if (store.list(PREFIX).length < MAX_CERTIFICATES) return;
  throw new Refusal("bad-request", `The service holds ${MAX_CERTIFICATES} certificates already.`);
}

function save(
  context: Context,
  store: Writer,
  certificate: Omit<UploadedCertificate, "etag" | "updated">,
): UploadedCertificate {
  const now = context.now();
  const stored = { ...certificate, updated: httpDate(now), etag: nextEtag(store, now) };
  store.put(keyOf(stored.name), stored);
  return stored;
}

/** The members in the order in which the service writes them. */
function answer(service: ProvisioningService, stored: UploadedCertificate) {
  const certificate = storedCertificate(stored.der);
  return {
    properties: {
      subject: certificate.commonName ?? certificate.subject,
      expiry: httpDate(certificate.notAfter),
      thumbprint: certificate.sha1,
      isVerified: stored.isVerified,
      created: CREATED,
      updated: stored.updated,
      certificate: null,
    },
    id: `${servicePath(service)}/certificates/${stored.name}`,
    name: stored.name,
    type: "Microsoft.Devices/provisioningServices/Certificates",
    etag: stored.etag,
  };
}
