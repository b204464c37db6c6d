import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  caPaths,
  createCrl,
  findCa,
  findIssued,
  loadCa,
  type MadeCrl,
  type PasswordSource,
  type Registry,
  revoke,
} from "@dps-certs/ca-tools";
import { quote } from "../args.ts";
import type { Context } from "../command.ts";
import { CliError, usageError } from "../errors.ts";
import { plural, shortPath } from "../output/text.ts";
import { readRegistry } from "./ca-steps.ts";

export interface RevokeOptions {
  /** Serial number, id of a device, or name of a CA. */
  certificate: string;
  /** @default none is given */
  reason: string | undefined;
}

export async function revokeCertificate(
  context: Context,
  { certificate, reason }: RevokeOptions,
): Promise<void> {
  const { pki, io, report } = context;
  const serialNumber = await serialNumberOf(context, certificate);
  const revoked = await revoke(pki, {
    serialNumber,
    now: io.now(),
    ...(reason !== undefined && { reason }),
  });
  const { subject, at, reason: why } = revoked;
  report.step("done", "revoked", `${subject}   ${revoked.serialNumber}${why ? `   ${why}` : ""}`);
  report.note("put it on the CA's list with: dps-certs ca crl");
  report.note("DPS reads no such list: disable the device, or its enrollment, in the service");
  report.result({ ...revoked, at: at.toISOString() }, "");
}

async function serialNumberOf({ pki }: Context, certificate: string): Promise<string> {
  const found = await findIssued(pki, certificate);
  const [only, ...others] = found;
  if (only === undefined) {
    throw new CliError("not-found", `no certificate of ${pki} is called ${quote(certificate)}`, {
      hint: "name a device (dps-certs device list), a CA (dps-certs ca show) or a serial number",
    });
  }
  if (others.length > 0) {
    const meanings = found.map(({ is, serialNumber }) => `the ${is} (${serialNumber})`);
    throw usageError(
      `${quote(certificate)} may be ${meanings.join(" or ")}`,
      "say which by its serial number, with colons between the bytes",
    );
  }
  const isTop = (await readRegistry(pki)).cas.some(
    ({ name, issuer }) => name === certificate && issuer === null,
  );
  if (only.is !== "ca" || !isTop) return only.serialNumber;
  throw new CliError(
    "not-found",
    `${certificate} is the folder's top: no CA here could revoke it`,
    {
      hint: "replace the chain with: dps-certs ca create --force, and delete the CA in the service",
    },
  );
}

export interface CrlOptions {
  /** @default each CA whose key is here */
  ca: string | undefined;
  days: number | undefined;
  /** Opens the CAs' keys. */
  password: PasswordSource;
}

export async function createCrls(
  context: Context,
  { ca: name, days, password }: CrlOptions,
): Promise<void> {
  const { pki, io, report } = context;
  const registry = await readRegistry(pki);
  const names = name === undefined ? await withKey(pki, registry) : [findCa(registry, name).name];
  if (names.length === 0) {
    throw new CliError("not-found", `there is no CA with its key in ${pki}`, {
      hint: "make one with: dps-certs ca create, or dps-certs enroll <group>",
    });
  }
  // Every key is opened before anything is written.
  const cas = [];
  for (const one of names) cas.push(await loadCa(pki, registry, one, password));
  const lists: ReturnType<typeof describe>[] = [];
  for (const ca of cas) {
    const made = await createCrl(pki, { ca, now: io.now(), ...(days !== undefined && { days }) });
    const { crl, file, unknown } = made;
    const path = shortPath(io.cwd, join(pki, file));
    report.step("done", `CRL ${crl.number} of ${ca.record.name}`, `${path}   ${summary(made)}`);
    if (unknown.length > 0) {
      report.warn(
        `no CA can be told for what newcerts has no copy of, so it is on the list of each: ${unknown.join(", ")}`,
      );
    }
    lists.push(describe(ca.record.name, made));
  }
  report.result(lists, "");
}

async function withKey(pki: string, { cas }: Registry): Promise<string[]> {
  const there = await Promise.all(
    cas.map(({ name }) =>
      stat(join(pki, caPaths(name).key)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return cas.flatMap(({ name }, at) => (there[at] ? name : []));
}

function summary({ crl }: MadeCrl): string {
  const next = crl.nextUpdate?.toISOString().slice(0, 10) ?? "";
  return `${plural(crl.entries.length, "certificate")} revoked, next by ${next}`;
}

function describe(ca: string, { crl, file, unknown }: MadeCrl) {
  return {
    ca,
    issuer: crl.issuer,
    number: Number(crl.number),
    thisUpdate: crl.thisUpdate.toISOString(),
    nextUpdate: crl.nextUpdate?.toISOString(),
    file,
    revoked: crl.entries.map(({ serialNumber, at, reason }) => ({
      serialNumber,
      at: at.toISOString(),
      ...(reason && { reason }),
    })),
    unknown,
  };
}
