import type { Certificate } from "@dps-certs/ca-tools";
import type { EnrollmentGroup } from "@dps-certs/dps-protocol";
import { CliError } from "../errors.ts";
import { loadGroupCa } from "./ca-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import type { Step, StepState } from "./step.ts";

/** The X.509 enrollment group whose signing certificate is the group's intermediate. */
export function groupStep(input: EnrollInput): Step {
  const { group, connection, replace = false } = input;
  return {
    id: "enrollment-group",
    title: "enrollment group",
    inspect: async () => {
      const ca = await loadGroupCa(input);
      const stored = await connection.enrollments.findGroup(group);
      return groupState(group, stored, ca?.certificate, replace);
    },
    run: async () => {
      const ca = await loadGroupCa(input);
      if (ca === undefined)
        throw new CliError("not-found", "the intermediate CA is not there any more");
      const stored = await connection.enrollments.findGroup(group);
      // What else the group says stays as it is.
      await connection.enrollments.createOrUpdateGroup(
        {
          ...stored,
          enrollmentGroupId: stored?.enrollmentGroupId ?? group,
          provisioningStatus: "enabled",
          attestation: {
            type: "x509",
            x509: { signingCertificates: { primary: { certificate: ca.certificate.pem } } },
          },
        },
        { ifMatch: stored?.etag ?? undefined },
      );
    },
  };
}

/** SHA-256 of the group's primary signing certificate. */
export function primaryThumbprint(group: EnrollmentGroup): string | undefined {
  return group.attestation.x509?.signingCertificates?.primary?.info?.sha256Thumbprint.toUpperCase();
}

function groupState(
  id: string,
  stored: EnrollmentGroup | undefined,
  intermediate: Certificate | undefined,
  replace: boolean,
): StepState {
  if (stored === undefined) return { done: false, plan: `create ${id}, enabled` };
  const found = primaryThumbprint(stored);
  const differences = [
    ...(found === intermediate?.sha256 && found !== undefined
      ? []
      : [
          `its signing certificate is ${found ?? "none"}, not ${intermediate?.sha256 ?? "the new intermediate"}`,
        ]),
    ...(stored.provisioningStatus === "disabled" ? ["it is disabled"] : []),
  ];
  if (differences.length === 0)
    return { done: true, detail: `${stored.enrollmentGroupId}   enabled` };
  if (replace) return { done: false, plan: `change ${id}: ${differences.join("; ")}` };
  throw new CliError(
    "drift",
    `the service has another enrollment group ${id}: ${differences.join("; ")}`,
    {
      hint: "make it the one of this PKI folder, enabled, with --replace",
    },
  );
}
