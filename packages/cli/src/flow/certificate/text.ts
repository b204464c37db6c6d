import type { CertificateResponse } from "@dps-certs/dps-protocol";
import { fields, table } from "../../output/table.ts";

export const stateOf = ({ properties }: CertificateResponse): "verified" | "unverified" =>
  properties.isVerified === true ? "verified" : "unverified";

export function certificateText(certificate: CertificateResponse): string {
  const { subject, expiry, thumbprint, updated } = certificate.properties;
  return fields([
    ["name", certificate.name],
    ["state", stateOf(certificate)],
    ["subject", subject ?? undefined],
    ["expires", expiry ?? undefined],
    ["SHA-1", thumbprint ?? undefined],
    ["updated", updated ?? undefined],
    ["etag", certificate.etag],
  ]);
}

export function certificateTable(all: readonly CertificateResponse[]): string {
  const rows = all.map((one) => {
    const { subject, expiry, thumbprint } = one.properties;
    return [one.name, stateOf(one), subject ?? "", expiry ?? "", thumbprint ?? ""];
  });
  return table(["NAME", "STATE", "SUBJECT", "EXPIRES", "SHA-1"], rows);
}
