import { readCertificateField, sha256Thumbprint } from "../certificates/certificate-field.ts";

/** Members that the service sets or does not give back, and the ids, which are in the path. */
const SET_BY_SERVICE: ReadonlySet<string> = new Set([
  "etag",
  "createdDateTimeUtc",
  "lastUpdatedDateTimeUtc",
  "registrationState",
  "enrollmentGroupId",
  "registrationId",
]);

interface Members {
  [name: string]: unknown;
  attestation?: unknown;
  x509?: unknown;
  signingCertificates?: unknown;
  clientCertificates?: unknown;
  caReferences?: unknown;
  certificate?: unknown;
  info?: unknown;
  sha256Thumbprint?: unknown;
}

const isObject = (value: unknown): value is Members => typeof value === "object" && value !== null;

/** `value` with `change` made to those of its members that are named and there. */
function within(value: unknown, names: readonly string[], change: (member: unknown) => unknown) {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      names.includes(name) ? change(member) : member,
    ]),
  );
}

function thumbprintOf(certificate: string): string | undefined {
  try {
    return sha256Thumbprint(readCertificateField(certificate));
  } catch {
    return undefined;
  }
}

/** A certificate by its thumbprint: it is sent whole, and answered only as its description. */
function comparableSlot(slot: unknown): unknown {
  if (!isObject(slot)) return slot;
  const { certificate, info } = slot;
  if (typeof certificate === "string") return { sha256: thumbprintOf(certificate) ?? certificate };
  const thumbprint = isObject(info) ? info.sha256Thumbprint : undefined;
  return typeof thumbprint === "string" ? { sha256: thumbprint.toUpperCase() } : slot;
}

/** An enrollment in a form in which the same means the same. */
function comparable(item: unknown): unknown {
  if (!isObject(item)) return item;
  const members = Object.entries(item).filter(([name]) => !SET_BY_SERVICE.has(name));
  return within(Object.fromEntries(members), ["attestation"], (attestation) =>
    within(attestation, ["x509"], (x509) => {
      const slots = ["primary", "secondary"];
      const certificates = within(x509, ["signingCertificates", "clientCertificates"], (pair) =>
        within(pair, slots, comparableSlot),
      );
      // Names of certificates are the same in either case.
      return within(certificates, ["caReferences"], (references) =>
        within(references, slots, (name) => (typeof name === "string" ? name.toLowerCase() : name)),
      );
    }),
  );
}

/** Whether every member of `part` that is not null has its value in `whole`. */
function isWithin(part: unknown, whole: unknown): boolean {
  if (!isObject(part) || !isObject(whole)) return part === whole;
  if (Array.isArray(part) !== Array.isArray(whole)) return false;
  if (Array.isArray(part) && part.length !== Object.keys(whole).length) return false;
  return Object.entries(part).every(
    ([name, value]) =>
      value === undefined ||
      value === null ||
      (Object.hasOwn(whole, name) && isWithin(value, whole[name])),
  );
}

/**
 * Whether the enrollment that is stored is the one that was sent: every member that was sent has its
 * value there. The service adds members, sets some itself, and gives back a certificate only as its
 * thumbprints.
 */
export function reflects(sent: unknown, stored: unknown): boolean {
  return isWithin(comparable(sent), comparable(stored));
}

/** Whether two enrollments say the same: a null is no member. */
export function isSameEnrollment(one: unknown, other: unknown): boolean {
  const [a, b] = [comparable(one), comparable(other)];
  return isWithin(a, b) && isWithin(b, a);
}
