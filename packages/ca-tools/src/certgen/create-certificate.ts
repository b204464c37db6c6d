import { type Ca, loadCa, SCRIPT_PASSWORD } from "../authority/load-ca.ts";
import { CaToolsError } from "../errors.ts";
import { adoptScriptFolder } from "../folder/adopt.ts";
import { indexRow } from "../folder/index-file.ts";
import { changePki } from "../folder/pki.ts";
import { nextSerial } from "../folder/serial-file.ts";
import type { NewFile } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";
import { checkCommonName, issueCertificate } from "../x509/issue.ts";
import {
  exportPrivateKeyPem,
  generateKeyPair,
  type KeyAlgorithmName,
  type KeyPair,
} from "../x509/keys.ts";
import { writePfx } from "../x509/pfx/write.ts";
import type { PasswordSource } from "../x509/private-key.ts";
import { type CertificateRequest, createRequest } from "../x509/request.ts";
import { validityFor } from "../x509/validity.ts";
import { currentChain, followFiles, requireCa } from "./current-chain.ts";
import {
  SCRIPT_COMMANDS,
  SCRIPT_DAYS,
  type ScriptCertificateKind,
  type ScriptPaths,
  scriptPaths,
} from "./script-files.ts";
import { subjectRivals, subjectTaken } from "./subjects.ts";

export interface ScriptCertificateOptions {
  kind: ScriptCertificateKind;
  /** As it is given to the script; `.ca` is put behind an Edge device's. */
  commonName: string;
  now: Date;
  /** Lifetime in days. @default 30 */
  days?: number;
  /** @default what the folder's chain was made with, else "rsa-4096" */
  algorithm?: KeyAlgorithmName;
  /** Marks superseded the valid certificate that the name has where `index.txt` allows one. @default false */
  force?: boolean;
  /** Asked for when the CA's key is encrypted, and not with the script's password. */
  password?: PasswordSource;
}

export interface ScriptCertificate {
  certificate: Certificate;
  issuer: Certificate;
  paths: ScriptPaths;
  /** The end that was asked for, where the issuer's earlier end replaced it. */
  cutFrom?: Date;
  /** Serial numbers of the certificates that were marked superseded. */
  superseded: readonly string[];
  /** Whether `pki.json` named other CAs than the folder has, and was brought up to it. */
  relisted: boolean;
}

/** All that can be made before the folder is locked. */
interface Draft extends Required<Pick<ScriptCertificateOptions, "kind" | "now" | "days">> {
  commonName: string;
  issuer: Ca;
  keys: KeyPair;
  request: CertificateRequest;
  force: boolean;
}

/**
 * Makes what one command of the original script makes: key, request, certificate and PFX (password
 * 1234, leaf and key) under the script's fixed names, which are written anew, and the full chain. The
 * serial number is the next of `serial`. All or nothing is changed.
 *
 * @throws {CaToolsError} `not-found` without the CA, `exists` when `index.txt` allows one valid
 * certificate a name and the name has one, `invalid-name`, `outside-validity`; those of reading the CA
 */
export async function createScriptCertificate(
  folder: string,
  options: ScriptCertificateOptions,
): Promise<ScriptCertificate> {
  const { kind, now, days = SCRIPT_DAYS, force = false, password } = options;
  const command = SCRIPT_COMMANDS[kind];
  checkCommonName(options.commonName);
  const commonName = options.commonName + command.suffix;
  checkCommonName(commonName);
  const chain = await currentChain(folder);
  requireCa(folder, chain, command.issuer);
  const issuer = await loadCa(folder, chain, command.issuer, password);
  const algorithm = options.algorithm ?? chain.algorithm ?? "rsa-4096";
  const keys = await generateKeyPair(algorithm);
  const request = await createRequest({ commonName, keys });
  return await issueDraft(folder, {
    ...{ kind, now, days, force, commonName, issuer, keys, request },
  });
}

async function issueDraft(folder: string, draft: Draft): Promise<ScriptCertificate> {
  const { kind, commonName, now, force, issuer } = draft;
  const { cutFrom, ...dates } = validityFor(now, draft.days, issuer.certificate);
  const paths = scriptPaths(SCRIPT_COMMANDS[kind]);
  let made: ScriptCertificate | undefined;
  await changePki(
    folder,
    async (listed) => {
      const current = await adoptScriptFolder(folder);
      const found = current?.cas.find(({ name }) => name === issuer.record.name);
      if (current === undefined || found?.sha256 !== issuer.certificate.sha256) {
        throw issuerReplaced(folder, issuer);
      }
      const superseded = await subjectRivals(folder, commonName);
      if (superseded.length > 0 && !force) throw subjectTaken(folder, commonName, superseded);
      const serial = await nextSerial(folder);
      const certificate = await issueCertificate({
        profile: SCRIPT_COMMANDS[kind].profile,
        subject: { commonName },
        publicKey: draft.keys.publicKey,
        issuer,
        serialNumber: serial.serialNumber,
        ...dates,
      });
      const registry = followFiles(listed, current);
      made = {
        ...{ certificate, issuer: issuer.certificate, paths, superseded },
        relisted: registry !== undefined && listed.cas.length > 0,
        ...(cutFrom && { cutFrom }),
      };
      return {
        files: [...(await filesOf(certificate, draft, paths)), serial.file],
        rows: [indexRow(certificate)],
        revocations: superseded.map((serialNumber) => ({
          ...{ serialNumber, at: now, reason: "superseded" as const },
        })),
        ...(registry && { registry }),
      };
    },
    { shared: true },
  );
  if (made === undefined) throw new Error("a plan that was not made was carried out");
  return made;
}

/** Key first, certificate last: whoever reads meanwhile takes a certificate for whole. */
async function filesOf(
  certificate: Certificate,
  { keys, request, issuer }: Draft,
  paths: ScriptPaths,
): Promise<NewFile[]> {
  const pfx = await writePfx({
    privateKey: keys.privateKey,
    certificates: [certificate],
    password: SCRIPT_PASSWORD,
  });
  const fullChain = [certificate, ...issuer.chain].map(({ pem }) => pem).join("");
  const fixed: NewFile[] = [
    { path: paths.key, data: exportPrivateKeyPem(keys.privateKey), secret: true },
    { path: paths.request, data: request.pem },
    { path: paths.pfx, data: pfx, secret: true },
    ...(paths.fullChain ? [{ path: paths.fullChain, data: fullChain }] : []),
    { path: paths.certificate, data: certificate.pem },
  ];
  return [
    { path: `newcerts/${certificate.serialNumber}.pem`, data: certificate.pem },
    ...fixed.map((file) => ({ ...file, replace: true })),
  ];
}

function issuerReplaced(folder: string, { record }: Ca): CaToolsError {
  return new CaToolsError("locked", `another command replaced the CA ${record.name} meanwhile`, {
    file: folder,
    hint: "nothing was changed; try again",
  });
}
