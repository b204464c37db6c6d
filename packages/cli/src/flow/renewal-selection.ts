/** Which devices are to be renewed, and by whom. */
import { type Certificate, issuersOf, listDeviceIds, readDevice } from "@dps-certs/ca-tools";
import type { Context } from "../command.ts";
import { CliError, reportOf } from "../errors.ts";
import { readRegistry } from "./ca-steps.ts";
import type { DamagedDevice } from "./device-report.ts";

/** The devices that are named, those that end soon, or all. */
export interface Selection {
  ids?: readonly string[];
  withinMs?: number;
}

export interface Found {
  id: string;
  certificate: Certificate;
}

/** A damaged file stops nobody else's renewal. */
export async function selectDevices(
  { pki, io }: Context,
  { ids, withinMs }: Selection,
): Promise<{ found: Found[]; failed: DamagedDevice[] }> {
  const [found, failed]: [Found[], DamagedDevice[]] = [[], []];
  const limit = withinMs === undefined ? Number.POSITIVE_INFINITY : io.now().getTime() + withinMs;
  for (const id of new Set(ids ?? (await listDeviceIds(pki)))) {
    try {
      const certificate = await readDevice(pki, id);
      if (certificate === undefined) throw notThere(pki, id);
      if (certificate.notAfter.getTime() <= limit) found.push({ id, certificate });
    } catch (error) {
      failed.push({ id, error: reportOf(error) });
    }
  }
  return { found, failed };
}

function notThere(pki: string, id: string): CliError {
  return new CliError("not-found", `there is no device ${id} in ${pki}`, {
    hint: `make it with: dps-certs device create ${id}`,
  });
}

/**
 * Ids by the name of the CA that is to sign.
 *
 * @param issuer - signs all. @default the one that signed each
 * @param failed - takes those whose CA is gone
 */
export async function byIssuer(
  { pki }: Context,
  found: readonly Found[],
  issuer: string | undefined,
  failed: DamagedDevice[],
): Promise<Map<string, string[]>> {
  const groups = new Map<string, string[]>();
  const certificates = found.map(({ certificate }) => certificate);
  const issuers = issuer ? [] : await issuersOf(pki, await readRegistry(pki), certificates);
  for (const [at, { id, certificate }] of found.entries()) {
    const name = issuer ?? issuers[at]?.name;
    if (name === undefined) failed.push({ id, error: reportOf(issuerGone(id, certificate)) });
    else groups.set(name, [...(groups.get(name) ?? []), id]);
  }
  return groups;
}

function issuerGone(id: string, { issuer }: Certificate): CliError {
  return new CliError("not-found", `the CA that signed ${id}, ${issuer}, is not in the folder`, {
    hint: "have another sign it with --issuer",
  });
}
