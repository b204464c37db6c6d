import { archiveMoves } from "../authority/archive.ts";
import { SCRIPT_PASSWORD } from "../authority/load-ca.ts";
import { CaToolsError } from "../errors.ts";
import { indexRow } from "../folder/index-file.ts";
import { CHAIN_FILE, caPaths, caStem, FIRST_INTERMEDIATE, ROOT } from "../folder/layout.ts";
import { changePki, openPki, type Plan } from "../folder/pki.ts";
import type { CaRecord, Registry } from "../folder/registry.ts";
import { counterFile, evenHex, nextSerial, SERIAL_FILE } from "../folder/serial-file.ts";
import type { NewFile } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";
import { issueCertificate } from "../x509/issue.ts";
import { generateKeyPair, type KeyAlgorithmName, type KeyPair } from "../x509/keys.ts";
import { encryptPrivateKey } from "../x509/private-key.ts";
import { createRequest } from "../x509/request.ts";
import { validityFor } from "../x509/validity.ts";
import { type Replaceable, replaceableFiles } from "./replaceable.ts";
import { requestPath, SCRIPT_CA_NAMES, SCRIPT_DAYS, SCRIPT_ROUNDS } from "./script-files.ts";
import { subjectRivals, subjectTaken } from "./subjects.ts";

export interface ScriptChainOptions {
  now: Date;
  /** Lifetime of both CAs in days. @default 30 */
  days?: number;
  /** @default "rsa-4096" */
  algorithm?: KeyAlgorithmName;
  /** Replaces what is there; it is moved to `old-<time>/`. @default false */
  force?: boolean;
}

export interface ScriptChain {
  root: Certificate;
  intermediate: Certificate;
  /** Path of the file that holds both, relative to the folder. */
  chainFile: string;
  /** Folder that what was replaced was moved to. */
  archive?: string;
  /** Enrollment groups whose CA was replaced. */
  groups: readonly string[];
  /** Files in the folders that begin anew which stay there: their names are none of the script's. */
  left: readonly string[];
}

interface Drafted {
  keys: KeyPair;
  /** Encrypted. */
  keyPem: string;
}

/**
 * Makes the root and the intermediate CA of the original script: its names and files, keys encrypted
 * with the password 1234, a new `index.txt` and `serial`. All or nothing is changed.
 *
 * @throws {CaToolsError} `exists` when there is a chain, or a file in its place, unless forced;
 * `outside-validity` for a lifetime that cannot be
 */
export async function createScriptChain(
  folder: string,
  options: ScriptChainOptions,
): Promise<ScriptChain> {
  const { now, days = SCRIPT_DAYS, algorithm = "rsa-4096", force = false } = options;
  const use = { shared: true, replacing: force };
  const dates = validityFor(now, days);
  // Before the keys, which take seconds.
  const there = await openPki(folder, use);
  if (!force && there !== undefined && there.cas.length > 0) throw chainExists(folder);
  const [top, below] = await Promise.all([draft(algorithm), draft(algorithm)]);
  const root = await issueCertificate({
    profile: "root",
    subject: { commonName: SCRIPT_CA_NAMES.root },
    publicKey: top.keys.publicKey,
    issuer: { selfSigned: top.keys.privateKey },
    ...dates,
  });
  const commonName = SCRIPT_CA_NAMES.intermediate;
  const request = await createRequest({ commonName, keys: below.keys });
  let made: ScriptChain | undefined;
  const plan = async (registry: Registry): Promise<Plan> => {
    if (!force && registry.cas.length > 0) throw chainExists(folder);
    const old: Replaceable = force ? await replaceableFiles(folder) : { files: [], left: [] };
    const replaces = old.files.length > 0;
    const serial = replaces ? FIRST_SERIAL : await nextSerial(folder);
    const rivals = replaces ? [] : await subjectRivals(folder, commonName);
    if (rivals.length > 0) throw subjectTaken(folder, commonName, rivals);
    const intermediate = await issueCertificate({
      profile: "intermediate",
      subject: { commonName },
      publicKey: below.keys.publicKey,
      issuer: { certificate: root, privateKey: top.keys.privateKey },
      serialNumber: serial.serialNumber,
      ...dates,
    });
    const groups = registry.cas.flatMap(({ group }) => group ?? []);
    const moves = await archiveMoves(folder, now, old.files);
    const archive = moves[0]?.to.split("/")[0];
    made = {
      ...{ root, intermediate, chainFile: CHAIN_FILE, groups, left: old.left },
      ...(archive !== undefined && { archive }),
    };
    return {
      moves,
      files: [
        ...caFiles(ROOT, top, root),
        { path: requestPath(caStem(FIRST_INTERMEDIATE)), data: request.pem },
        { path: `newcerts/${intermediate.serialNumber}.pem`, data: intermediate.pem },
        ...caFiles(FIRST_INTERMEDIATE, below, intermediate),
        { path: CHAIN_FILE, data: intermediate.pem + root.pem },
        serial.file,
      ],
      rows: [indexRow(intermediate)],
      registry: {
        ...{ version: 1, algorithm },
        cas: [recordOf(ROOT, null, root), recordOf(FIRST_INTERMEDIATE, ROOT, intermediate)],
      },
    };
  };
  await changePki(folder, plan, use);
  if (made === undefined) throw new Error("a plan that was not made was carried out");
  return made;
}

const FIRST_SERIAL = { serialNumber: evenHex(1n), file: counterFile(SERIAL_FILE, 2n) };

async function draft(algorithm: KeyAlgorithmName): Promise<Drafted> {
  const keys = await generateKeyPair(algorithm);
  const options = { rounds: SCRIPT_ROUNDS };
  return { keys, keyPem: await encryptPrivateKey(keys.privateKey, SCRIPT_PASSWORD, options) };
}

/** Key first: a certificate in place always finds its key. */
function caFiles(name: string, { keyPem }: Drafted, { pem }: Certificate): NewFile[] {
  const paths = caPaths(name);
  return [
    { path: paths.key, data: keyPem, secret: true },
    { path: paths.certificate, data: pem },
  ];
}

function recordOf(name: string, issuer: string | null, { sha256 }: Certificate): CaRecord {
  return { name, file: caStem(name), issuer, sha256, group: null, generation: 1 };
}

function chainExists(folder: string): CaToolsError {
  return new CaToolsError("exists", `${folder} has a root CA already`, {
    file: folder,
    hint: "use --force to replace it with all that it signed; what is replaced is kept in old-<time>/",
  });
}
