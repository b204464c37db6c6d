import { lowestCas, type Registry } from "@dps-certs/ca-tools";
import { CliError, usageError } from "../errors.ts";

/**
 * The CA that signs where none is named: the lowest of the chain, which issued no other CA.
 *
 * @throws {CliError} `usage` where there are several such, as groups have their own; `not-found`
 */
export function defaultIssuer(registry: Registry, pki: string): string {
  const lowest = lowestCas(registry);
  const [only] = lowest;
  if (only === undefined) {
    throw new CliError("not-found", `there is no CA in ${pki}`, {
      hint: "make one with: dps-certs ca create, or dps-certs enroll <group>",
    });
  }
  if (lowest.length === 1) return only.name;
  const names = lowest.map(({ name }) => name).join(", ");
  throw usageError(
    `the PKI folder has several CAs that could sign: ${names}`,
    "choose one with --issuer",
  );
}
