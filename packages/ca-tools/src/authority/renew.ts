import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { exists } from "../folder/files.ts";
import { indexRow } from "../folder/index-file.ts";
import { checkDeviceId } from "../folder/layout.ts";
import { changePki } from "../folder/pki.ts";
import type { NewFile } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";
import { archiveMoves } from "./archive.ts";
import { checkMayIssueCa } from "./ca-files.ts";
import { type PfxOptions, pfxFile } from "./device-pfx.ts";
import type { MadeDevice } from "./devices.ts";
import { certificateFiles, checkIssuer, leafPaths } from "./leaf-files.ts";
import type { Ca } from "./load-ca.ts";
import { readDevice } from "./load-device.ts";
import { type KeyOptions, keyForRenewal } from "./renewal-key.ts";
import { refuseRevoked } from "./revoked-devices.ts";
import { issueSuccessor } from "./successor.ts";
import { supersededRows } from "./unique-subjects.ts";

export interface RenewOptions extends KeyOptions {
  ids: readonly string[];
  /** Any CA of the folder; see `issuersOf` for the one that issued a certificate. */
  issuer: Ca;
  now: Date;
  /** Lifetime in days. @default 30 */
  days?: number;
  /** Writes a PFX of each device. @default none; one that is there is moved to `old-<time>/` */
  pfx?: PfxOptions;
}

export interface RenewedDevice extends MadeDevice {
  /** The certificate that was there before, now in `old-<time>/`. */
  replaced: Certificate;
  /** Object identifiers of extensions that the old one had beyond the new. */
  leftOut: readonly string[];
  /** Whether a PFX was there that went to `old-<time>/` without a successor. */
  lostPfx: boolean;
}

interface Renewal extends Omit<RenewedDevice, "lostPfx"> {
  files: NewFile[];
}

/**
 * Makes new certificates for devices that have one, expired or not: same subject, kind, host names
 * and addresses, and the same key unless told otherwise. Full chains are written anew, old files are
 * kept in `old-<time>/`. All are put in place together.
 *
 * @throws {CaToolsError} `not-found` for a device that is not there; `invalid-certificate` for one
 * that cannot be renewed, as it was revoked among others; `key-mismatch`, `invalid-key` for one whose files do not belong together;
 * `password-required`, `wrong-password`; `not-a-ca` for an Edge CA below one whose path length allows none; `exists` where subjects are to be unique and another's
 * certificate has this one; `outside-validity`; `locked` when another process was faster
 */
export async function renewDevices(
  folder: string,
  options: RenewOptions,
): Promise<RenewedDevice[]> {
  const { issuer, now } = options;
  const ids = [...new Set(options.ids)];
  for (const id of ids) checkDeviceId(id);
  const renewals = await Promise.all(ids.map((id) => renew(folder, id, options)));
  let renewed: RenewedDevice[] = [];
  await changePki(folder, async (registry) => {
    checkIssuer(folder, registry, issuer);
    for (const { id, replaced } of renewals) await checkUnchanged(folder, id, replaced);
    await refuseRevoked(
      folder,
      new Map(renewals.map(({ id, replaced }) => [replaced.serialNumber, id])),
    );
    renewed = await Promise.all(
      renewals.map(async ({ files, ...renewal }) => {
        const { pfx } = leafPaths(renewal.id);
        const lostPfx = options.pfx === undefined && (await exists(join(folder, pfx)));
        return { ...renewal, lostPfx };
      }),
    );
    return {
      moves: await archiveMoves(folder, now, renewals.flatMap(replacedFiles)),
      files: renewals.flatMap(({ files }) => files),
      rows: renewals.map(({ certificate }) => indexRow(certificate)),
      revocations: await supersededRows(
        folder,
        renewals.map(({ certificate }) => certificate),
        { now, replaced: renewals.map(({ replaced }) => replaced.serialNumber) },
      ),
    };
  });
  return renewed;
}

async function renew(folder: string, id: string, options: RenewOptions): Promise<Renewal> {
  const { issuer, now, days, pfx } = options;
  const replaced = await readDevice(folder, id);
  if (replaced === undefined) throw notThere(folder, id);
  if (replaced.basicConstraints?.ca) checkMayIssueCa(issuer.chain);
  const key = await keyForRenewal(folder, id, replaced, {
    ...options,
    needed: pfx !== undefined,
  });
  const { certificate, ...rest } = await issueSuccessor(replaced, {
    publicKey: key.publicKey,
    issuer,
    now,
    days,
    file: join(folder, leafPaths(id).certificate),
  });
  const files = [
    ...(key.file ? [key.file] : []),
    ...(await pfxFiles(id, certificate, key.privateKey, options)),
    ...certificateFiles(id, certificate, issuer),
  ];
  return { id, certificate, replaced, files, ...rest };
}

async function pfxFiles(
  id: string,
  certificate: Certificate,
  privateKey: KeyObject | undefined,
  { issuer, pfx }: RenewOptions,
): Promise<NewFile[]> {
  if (pfx === undefined || privateKey === undefined) return [];
  return [await pfxFile(id, { certificate, privateKey }, issuer, pfx)];
}

/** A request stays, as does a key that goes on being used. */
function replacedFiles({ id, files }: Renewal): string[] {
  const { certificate, fullChain, pfx, key } = leafPaths(id);
  const hasNewKey = files.some(({ path }) => path === key);
  return [certificate, fullChain, pfx, ...(hasNewKey ? [key] : [])];
}

async function checkUnchanged(folder: string, id: string, replaced: Certificate): Promise<void> {
  const current = await readDevice(folder, id);
  if (current?.sha256 === replaced.sha256) return;
  throw new CaToolsError("locked", `another command replaced the device ${id} meanwhile`, {
    file: folder,
    hint: "nothing was changed; try again",
  });
}

function notThere(folder: string, id: string): CaToolsError {
  const file = join(folder, leafPaths(id).certificate);
  return new CaToolsError("not-found", `there is no device ${id}: ${file} is missing`, {
    file,
    hint: `make it with: dps-certs device create ${id}`,
  });
}
