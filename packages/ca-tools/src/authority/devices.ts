import { CaToolsError } from "../errors.ts";
import { indexRow } from "../folder/index-file.ts";
import { checkDeviceId, devicePaths } from "../folder/layout.ts";
import { changePki } from "../folder/pki.ts";
import type { Registry } from "../folder/registry.ts";
import type { NewFile } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";
import { issueCertificate } from "../x509/issue.ts";
import {
  exportPrivateKeyPem,
  generateKeyPair,
  type KeyAlgorithmName,
  type KeyPair,
} from "../x509/keys.ts";
import { PROFILES } from "../x509/profiles.ts";
import { validityFor } from "../x509/validity.ts";
import { archiveMoves } from "./archive.ts";
import type { Ca } from "./load-ca.ts";
import { listDeviceIds } from "./load-device.ts";

export interface DeviceOptions {
  /** Registration ids; each becomes the common name. */
  ids: readonly string[];
  issuer: Ca;
  now: Date;
  /** @default "ec-p256" */
  algorithm?: KeyAlgorithmName;
  /** Lifetime in days. @default 30 */
  days?: number;
  /** Replaces devices that are there; their files are moved to `old-<time>/`. @default false */
  force?: boolean;
}

export interface MadeDevice {
  id: string;
  certificate: Certificate;
  cutFrom?: Date;
}

interface NewDevice extends MadeDevice {
  keys: KeyPair;
}

/**
 * Makes a key, a certificate and a full chain (leaf and intermediates; the root is left out, as the
 * service knows it) for each id. All are put in place together.
 *
 * @throws {CaToolsError} `invalid-name` for an id that is reserved or named twice, `exists` for one
 * that is there
 */
export async function createDevices(folder: string, options: DeviceOptions): Promise<MadeDevice[]> {
  for (const id of options.ids) checkDeviceId(id);
  checkDistinct(options.ids);
  const made = await Promise.all(options.ids.map((id) => makeDevice(id, options)));
  await changePki(folder, async (registry) => {
    checkIssuer(folder, registry, options.issuer);
    const present = await idsByLowerCase(folder);
    const replaced = made.flatMap(({ id }) => replacedFiles(id, present, options));
    return {
      moves: await archiveMoves(folder, options.now, replaced),
      files: made.flatMap((device) => deviceFiles(device, options.issuer)),
      rows: made.map(({ certificate }) => indexRow(certificate)),
    };
  });
  return made.map(({ keys: _, ...device }) => device);
}

/** A CA that was replaced or archived since it was loaded issues nothing more. */
function checkIssuer(folder: string, registry: Registry, { record, certificate }: Ca): void {
  const current = registry.cas.find(({ name }) => name === record.name);
  if (current?.sha256 === certificate.sha256) return;
  throw new CaToolsError("locked", `another command replaced the CA ${record.name} meanwhile`, {
    file: folder,
    hint: "nothing was changed; try again",
  });
}

function checkDistinct(ids: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const id of ids) {
    const other = seen.get(id.toLowerCase());
    if (other !== undefined) {
      throw new CaToolsError("invalid-name", `${other} and ${id} name one device`, {
        hint: "name each device once; ids do not differ by letter case alone",
      });
    }
    seen.set(id.toLowerCase(), id);
  }
}

async function makeDevice(id: string, options: DeviceOptions): Promise<NewDevice> {
  const { issuer, now, days = PROFILES.device.days } = options;
  const { cutFrom, ...dates } = validityFor(now, days, issuer.certificate);
  const keys = await generateKeyPair(options.algorithm);
  const certificate = await issueCertificate({
    profile: "device",
    subject: { commonName: id },
    publicKey: keys.publicKey,
    issuer,
    ...dates,
  });
  return { id, certificate, keys, ...(cutFrom && { cutFrom }) };
}

/** The files that a device of this id has now. */
function replacedFiles(
  id: string,
  present: ReadonlyMap<string, string>,
  { force = false }: DeviceOptions,
): string[] {
  const other = present.get(id.toLowerCase());
  if (other !== undefined && (!force || other !== id)) throw deviceExists(id, other);
  // Where the certificate is gone, what is left of the device makes room, kept like the rest.
  return Object.values(devicePaths(id));
}

function deviceFiles({ id, certificate, keys }: NewDevice, issuer: Ca): NewFile[] {
  const paths = devicePaths(id);
  const intermediates = issuer.chain.filter((ca) => ca.subjectKey !== ca.issuerKey);
  const fullChain = [certificate, ...intermediates].map(({ pem }) => pem).join("");
  return [
    { path: paths.key, data: exportPrivateKeyPem(keys.privateKey), secret: true },
    { path: paths.fullChain, data: fullChain },
    { path: `newcerts/${certificate.serialNumber}.pem`, data: certificate.pem },
    // Last: whoever reads meanwhile takes a device whose certificate is there for whole.
    { path: paths.certificate, data: certificate.pem },
  ];
}

function deviceExists(id: string, other: string): CaToolsError {
  const same = id === other;
  return new CaToolsError(
    "exists",
    same
      ? `there is already a certificate for device ${id}`
      : `there is already a device ${other}, and ids do not differ by letter case alone`,
    {
      hint: same
        ? "use --force to replace it; the old files are kept in old-<time>/"
        : "choose another id",
    },
  );
}

async function idsByLowerCase(folder: string): Promise<Map<string, string>> {
  return new Map((await listDeviceIds(folder)).map((id) => [id.toLowerCase(), id]));
}
