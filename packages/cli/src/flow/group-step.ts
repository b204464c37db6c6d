import type { Certificate } from "@dps-certs/ca-tools";
import type { EnrollmentGroup, X509CertificateWithInfo } from "@dps-certs/dps-protocol";
import { CliError } from "../errors.ts";
import { loadGroupCa, readRegistry } from "./ca-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { expectedCa } from "./expected-ca.ts";
import type { Step, StepState } from "./step.ts";

/** The X.509 enrollment group whose signing certificate is the group's intermediate. */
export function groupStep(input: EnrollInput): Step {
  const { group, pki, connection, replace = false } = input;
  return {
    id: "enrollment-group",
    title: "enrollment group",
    inspect: async () => {
      const stored = await connection.enrollments.groups.find(group);
      if (stored === undefined) return { done: false, plan: `create ${group}, enabled` };
      const cas = (await readRegistry(pki)).cas.map(({ sha256 }) => sha256);
      const ca = await expectedCa(input, "intermediate");
      const differences = compare(stored, ca, new Set(cas));
      return stateOf(stored, differences, replace);
    },
    run: async () => {
      const ca = await loadGroupCa(input);
      if (ca === undefined) throw new CliError("not-found", "the group's CA is not there any more");
      // Without --replace it is created, and the service refuses an id that somebody took meanwhile.
      const stored = replace ? await connection.enrollments.groups.find(group) : undefined;
      const item: EnrollmentGroup = {
        // What else the group says stays as it is.
        ...stored,
        enrollmentGroupId: stored?.enrollmentGroupId ?? group,
        provisioningStatus: "enabled",
        attestation: {
          type: "x509",
          x509: { signingCertificates: { primary: { certificate: ca.certificate.pem } } },
        },
      };
      const { groups } = connection.enrollments;
      await (stored === undefined
        ? groups.create(item)
        : groups.createOrUpdate(item, { ifMatch: stored.etag ?? "*" }));
    },
  };
}

const thumbprintOf = (slot: X509CertificateWithInfo | null | undefined) =>
  slot?.info?.sha256Thumbprint.toUpperCase();

/** SHA-256 of the group's primary signing certificate. */
export function primaryThumbprint({ attestation }: EnrollmentGroup): string | undefined {
  return thumbprintOf(attestation.x509?.signingCertificates?.primary);
}

/** What is not as `enroll` makes it. A secondary of this folder's own may be there: a rotation. */
function compare(
  stored: EnrollmentGroup,
  ca: Certificate | undefined,
  own: ReadonlySet<string>,
): string[] {
  const primary = primaryThumbprint(stored);
  const secondary = thumbprintOf(stored.attestation.x509?.signingCertificates?.secondary);
  const wanted = ca?.sha256;
  return [
    primary !== undefined && primary === wanted
      ? []
      : `its signing certificate is ${primary ?? "none"}, not ${wanted ?? "the new intermediate"}`,
    secondary === undefined || own.has(secondary)
      ? []
      : `its secondary signing certificate is ${secondary}, which is not this PKI folder's`,
    stored.provisioningStatus === "disabled" ? "it is disabled" : [],
  ].flat();
}

function stateOf(
  { enrollmentGroupId: id }: EnrollmentGroup,
  differences: readonly string[],
  replace: boolean,
): StepState {
  if (differences.length === 0) return { done: true, detail: `${id}   enabled` };
  const all = differences.join("; ");
  if (replace) return { done: false, plan: `change ${id}: ${all}` };
  throw new CliError("drift", `the service has another enrollment group ${id}: ${all}`, {
    hint: "make it the one of this PKI folder, enabled, with --replace",
  });
}
