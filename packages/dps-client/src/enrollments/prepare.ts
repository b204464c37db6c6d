import { MAX_BODY_BYTES, WireError, type WireProblem, wireProblems } from "@dps-certs/dps-protocol";
import type { GenericSchema } from "valibot";
import { certificateField, readCertificateField } from "../certificates/certificate-field.ts";
import { clientError, isDpsClientError } from "../errors.ts";
import type { Enrollment } from "./collections.ts";
import type { EnrollmentKind } from "./kind.ts";
import { withoutReadOnly } from "./merge.ts";
import { article } from "./records.ts";
import { isSameEnrollment } from "./reflects.ts";

interface Members {
  [name: string]: unknown;
  attestation?: unknown;
  x509?: unknown;
  certificate?: unknown;
}

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Names the wrong member and what it must be, never its value: it may be a key. */
function refusal(noun: string, what: string, { path, expected }: WireProblem, cause?: unknown) {
  const { message } = new WireError(article(noun), path, expected);
  return clientError("invalid-argument", `${what}: ${message}`, { cause });
}

/** The certificate alone is sent: neither what stands beside it in the text, nor another's `info`. */
function prepareSlot(slot: unknown, fail: (expected: string, cause?: unknown) => Error): unknown {
  if (!isObject(slot) || typeof slot.certificate !== "string") return slot;
  const { info: _, ...others } = slot;
  try {
    return { ...others, certificate: certificateField(readCertificateField(slot.certificate)) };
  } catch (cause) {
    if (!isDpsClientError(cause)) throw cause;
    throw fail("one certificate, as PEM text, or as base64 of PEM or DER", cause);
  }
}

function prepareCertificates<T extends object>(
  item: T & Members,
  fail: (problem: WireProblem, cause?: unknown) => Error,
): T {
  const { attestation } = item;
  if (!isObject(attestation) || !isObject(attestation.x509)) return item;
  const x509 = { ...attestation.x509 };
  for (const kind of ["signingCertificates", "clientCertificates"]) {
    const pair = x509[kind];
    if (!isObject(pair)) continue;
    const prepared = Object.entries(pair).map(([slot, value]) => {
      const path = `attestation.x509.${kind}.${slot}.certificate`;
      return [slot, prepareSlot(value, (expected, cause) => fail({ path, expected }, cause))];
    });
    x509[kind] = Object.fromEntries(prepared);
  }
  return { ...item, attestation: { ...attestation, x509 } };
}

/** A problem of a member that is as it was: the service has it, a newer one perhaps by new rules. */
function isInherited({ path }: WireProblem, item: Members, stored: Members | undefined): boolean {
  const [member = ""] = path.split(".");
  if (stored === undefined || !Object.hasOwn(stored, member)) return false;
  return isSameEnrollment({ [member]: item[member] }, { [member]: stored[member] });
}

/**
 * Refuses an enrollment that the service cannot take.
 *
 * @param stored what a change is based on: members that are as they were are not judged
 * @throws {DpsClientError} `invalid-argument`, naming the wrong member
 */
export function requireEnrollment<T extends Enrollment>(
  { noun }: EnrollmentKind<T>,
  schema: GenericSchema,
  item: T,
  what: string,
  stored?: T,
): void {
  const problem = wireProblems(schema, item).find(
    (one) => !isInherited(one, item, stored as Members | undefined),
  );
  if (problem !== undefined) throw refusal(noun, what, problem);
}

/** An enrollment as it is sent; see `requireEnrollment`. */
export function prepareEnrollment<T extends Enrollment>(
  kind: EnrollmentKind<T>,
  item: T,
  what: string,
  stored?: T,
): T {
  requireEnrollment(kind, kind.request, item, what, stored);
  return prepareUnjudged(kind, item, what);
}

/**
 * As `prepareEnrollment`, for a deletion: the id counts, and the rest is not stored.
 *
 * @throws {DpsClientError} `invalid-argument`
 */
export function prepareUnjudged<T extends Enrollment>(
  { noun }: EnrollmentKind<T>,
  item: T,
  what: string,
): T {
  const sent = prepareCertificates(withoutReadOnly(item), (one, cause) =>
    refusal(noun, what, one, cause),
  );
  if (isWithinLimit(sent)) return sent;
  throw refusal(noun, what, { path: "", expected: `at most ${MAX_BODY_BYTES} bytes of JSON` });
}

function isWithinLimit(sent: unknown): boolean {
  try {
    return Buffer.byteLength(JSON.stringify(sent)) <= MAX_BODY_BYTES;
  } catch {
    // A circle, or a number that JSON has no form for.
    return false;
  }
}
