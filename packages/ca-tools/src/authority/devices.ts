import { CaToolsError } from "../errors.ts";
import { indexRow } from "../folder/index-file.ts";
import { changePki, openPki } from "../folder/pki.ts";
import type { NewFile } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";
import type { Names } from "../x509/extensions.ts";
import { issueCertificate } from "../x509/issue.ts";
import { exportPrivateKeyPem, generateKeyPair, type KeyAlgorithmName } from "../x509/keys.ts";
import { encryptPrivateKey } from "../x509/private-key.ts";
import { PROFILES } from "../x509/profiles.ts";
import { validityFor } from "../x509/validity.ts";
import { alternativeNames, namesOfServer } from "./alternative-names.ts";
import { archiveMoves } from "./archive.ts";
import { checkMayIssueCa } from "./ca-files.ts";
import { type PfxOptions, pfxFile } from "./device-pfx.ts";
import { type DeviceNames, type DeviceProfile, deviceNames } from "./device-roles.ts";
import { certificateFiles, checkIssuer, leafPaths } from "./leaf-files.ts";
import type { Ca } from "./load-ca.ts";
import { checkNewIds, refusePresent } from "./new-ids.ts";
import { supersededRows } from "./unique-subjects.ts";

export interface DeviceOptions {
  /** Registration ids; each becomes the common name. */
  ids: readonly string[];
  /** Any CA of the folder. */
  issuer: Ca;
  now: Date;
  /**
   * Of an IoT Edge device, `edgeCa` appends `.ca` to name and files, `edgeServer` appends `.server`
   * to the files. @default "device"
   */
  profile?: DeviceProfile;
  /** For `edgeServer`, beside its own name. @default none */
  subjectAlternativeNames?: Names;
  /** @default the kind that the folder's chain was made with, else "ec-p256" */
  algorithm?: KeyAlgorithmName;
  /** Lifetime in days. @default 30 */
  days?: number;
  /** Replaces devices that are there; their files are moved to `old-<time>/`. @default false */
  force?: boolean;
  /** Encrypts the keys (PKCS#8, RFC 5958). A secret. @default they are not encrypted */
  keyPassword?: string;
  /** Writes a PFX of each device as well. @default none */
  pfx?: PfxOptions;
}

export interface MadeDevice {
  /** What its files are called by: the id that was given, for two Edge roles with a word behind it. */
  id: string;
  certificate: Certificate;
  /** The end that was asked for, where the issuer's earlier end replaced it. */
  cutFrom?: Date;
}

interface NewDevice extends MadeDevice {
  files: NewFile[];
}

/**
 * Makes a key, a certificate and a full chain (leaf and intermediates; the root is left out, as the
 * service knows it, but of Edge CAs) for each id. All are put in place together.
 *
 * @throws {CaToolsError} `invalid-name` for an id that is reserved or named twice, and for a name that
 * is none; `exists` for one that is there; `outside-validity` for an issuer that is not valid now;
 * `not-a-ca` for an Edge CA below one whose path length allows none; `locked` when the issuer was replaced meanwhile
 */
export async function createDevices(folder: string, options: DeviceOptions): Promise<MadeDevice[]> {
  const { issuer, now, force = false, profile = "device" } = options;
  const wanted = options.ids.map((id) => deviceNames(id, profile));
  const ids = wanted.map(({ id }) => id);
  checkNewIds(ids);
  if (PROFILES[profile].ca) checkMayIssueCa(issuer.chain);
  const algorithm = options.algorithm ?? (await openPki(folder))?.algorithm;
  const made = await Promise.all(
    wanted.map((names) => makeDevice(names, { ...options, ...(algorithm && { algorithm }) })),
  );
  await changePki(folder, async (registry) => {
    checkIssuer(folder, registry, issuer);
    await refusePresent(folder, ids, force);
    // Where the certificate is gone, what is left of the device makes room, kept like the rest.
    const room = ids.flatMap((id) => Object.values(leafPaths(id)));
    return {
      moves: await archiveMoves(folder, now, room),
      files: made.flatMap(({ files }) => files),
      rows: made.map(({ certificate }) => indexRow(certificate)),
      revocations: await supersededRows(
        folder,
        made.map(({ certificate }) => certificate),
        { now, force },
      ),
    };
  });
  return made.map(({ files: _, ...device }) => device);
}

async function makeDevice(
  { id, commonName }: DeviceNames,
  options: DeviceOptions,
): Promise<NewDevice> {
  const { issuer, now, profile = "device", keyPassword, pfx } = options;
  const { cutFrom, ...dates } = validityFor(
    now,
    options.days ?? PROFILES[profile].days,
    issuer.certificate,
  );
  const names = subjectAlternativeNames(commonName, options);
  const { publicKey, privateKey } = await generateKeyPair(options.algorithm);
  const certificate = await issueCertificate({
    profile,
    subject: { commonName },
    publicKey,
    issuer,
    ...dates,
    ...(names && { subjectAlternativeNames: names }),
  });
  const data =
    keyPassword === undefined
      ? exportPrivateKeyPem(privateKey)
      : await encryptPrivateKey(privateKey, keyPassword);
  const files = [
    { path: leafPaths(id).key, data, secret: true },
    ...(pfx ? [await pfxFile(id, { certificate, privateKey }, issuer, pfx)] : []),
    ...certificateFiles(id, certificate, issuer),
  ];
  return { id, certificate, files, ...(cutFrom && { cutFrom }) };
}

/** A server answers to its own name, and to those that it is given. */
function subjectAlternativeNames(
  commonName: string,
  { profile, subjectAlternativeNames: given = {} }: DeviceOptions,
): Names | undefined {
  const own = profile === "edgeServer" ? namesOfServer(commonName) : {};
  const { dns, ip } = alternativeNames({
    dns: [...(own.dns ?? []), ...(given.dns ?? [])],
    ip: [...(own.ip ?? []), ...(given.ip ?? [])],
  });
  if (dns.length + ip.length > 0) return { dns, ip };
  if (profile !== "edgeServer") return undefined;
  throw new CaToolsError(
    "invalid-name",
    `${commonName} is neither a host name nor an address, and a server is known by nothing else`,
    { hint: "name the server's hosts with --dns or --ip" },
  );
}
