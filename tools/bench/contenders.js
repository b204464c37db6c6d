/**
 * What is compared: dps-certs, and what a user would pick instead.
 *
 * @import { Scratch } from "./processes.js"
 */
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { installIn } from "./installed.js";
import { libraries } from "./libraries.js";
import { originals } from "./original.js";
import { makeScratch, run } from "./processes.js";
import { certtool, cfssl, mkcert, openssl } from "./programs.js";

/**
 * @typedef {() => Promise<unknown>} Work - what is timed
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} [note] - what to know about it
 * @property {() => string | Promise<string>} version - fails where it is not there
 * @property {(folder: string) => Work} [chain] - a root and an intermediate CA, with P-256 keys
 * @property {(folder: string, count: number) => Work | Promise<Work>} devices - makes ready for keys
 *   and certificates of so many devices
 * @property {number} perRound - devices in a round
 *
 * @typedef {{ certificate: string, key: string }} Authority - files of a CA
 * @typedef {object} Bench - where all take place
 * @property {() => string} folder - makes a new one
 * @property {NodeJS.ProcessEnv} env
 * @property {string} cli - file of the command, installed
 * @property {string} pki - a PKI folder with a chain, to be copied
 * @property {Authority} authority - signs everybody's devices
 * @property {Authority} rsaAuthority - signs for who knows nothing else
 * @property {() => void} remove
 */

/** @returns {Promise<Bench>} */
export async function openBench() {
  const scratch = makeScratch();
  try {
    return await furnish(scratch);
  } catch (error) {
    scratch.remove();
    throw error;
  }
}

/** @param {Scratch} scratch @returns {Promise<Bench>} */
async function furnish({ folder, env, remove }) {
  const cli = installIn(folder());
  const [pki, rsaPki] = [join(folder(), "pki"), join(folder(), "pki")];
  const create = (/** @type {string} */ path, /** @type {string} */ algorithm) =>
    run(process.execPath, [cli, "ca", "create", "--pki", path, "--algorithm", algorithm], {
      cwd: folder(),
      env,
    });
  await create(pki, "ec-p256");
  await create(rsaPki, "rsa-2048");
  return {
    ...{ folder, env, remove, cli, pki },
    authority: authorityOf(pki),
    rsaAuthority: authorityOf(rsaPki),
  };
}

/** @param {string} pki @returns {Authority} */
const authorityOf = (pki) => ({
  certificate: join(pki, "certs/azure-iot-test-only.intermediate.cert.pem"),
  key: join(pki, "private/azure-iot-test-only.intermediate.key.pem"),
});

/** @param {Bench} bench @param {string} folder @param {readonly string[]} args @param {string} [out] */
export const dpsCerts = ({ env, cli }, folder, args, out) =>
  run(process.execPath, [cli, ...args], { cwd: folder, env, ...(out && { out }) });

/** @param {Bench} bench @returns {Contender} */
const ours = (bench) => ({
  name: "dps-certs",
  note: "one `device create --count N --prefix p --as ndjson`",
  version: () => dpsCerts(bench, ".", ["--version"]),
  chain: (folder) => () => dpsCerts(bench, folder, ["ca", "create"]),
  devices: (folder, count) => {
    cpSync(bench.pki, join(folder, "pki"), { recursive: true });
    const args = ["device", "create", "--count", `${count}`, "--prefix", "device"];
    const out = join(folder, "devices.ndjson");
    return () => dpsCerts(bench, folder, [...args, "--as", "ndjson"], out);
  },
  perRound: 20_000,
});

/** @param {Bench} bench @returns {Contender} */
export const oursToFiles = (bench) => ({
  ...ours(bench),
  devices: (folder, count) => {
    cpSync(bench.pki, join(folder, "pki"), { recursive: true });
    const args = ["device", "create", "--count", `${count}`, "--prefix", "device"];
    return () => dpsCerts(bench, folder, args);
  },
});

/**
 * Those that are there, each tried once; the others with the reason.
 *
 * @param {Bench} bench
 * @param {object} options
 * @param {string | undefined} options.certgen - folder of the original script
 * @param {readonly string[]} options.wanted - measurements, few of which have others than us
 */
export async function findContenders(bench, { certgen, wanted }) {
  /** @type {Contender[]} */
  const contenders = [];
  /** @type {Record<string, string>} */
  const versions = {};
  /** @type {Record<string, string>} */
  const missing = {};
  const others = () => [
    ...[openssl(bench), certtool(bench), cfssl(bench), mkcert(bench)],
    ...originals(bench, certgen),
    ...libraries(bench),
  ];
  const isCompared = ["chain", "devices", "files"].some((id) => wanted.includes(id));
  const all = [ours(bench), ...(isCompared ? others() : [])];
  for (const contender of all) {
    try {
      versions[contender.name] = (await contender.version()).trim();
      await tryOut(bench, contender);
      contenders.push(contender);
    } catch (error) {
      missing[contender.name] = reasonOf(/** @type {NodeJS.ErrnoException} */ (error));
    }
  }
  return { contenders, versions, missing };
}

/** Without what a program said, which may name files. @param {NodeJS.ErrnoException} error */
const reasonOf = ({ code, message }) =>
  code === "ENOENT" ? "not there" : (message.split("\n")[0] ?? "");

/** @param {Bench} bench @param {Contender} contender */
async function tryOut(bench, { devices, chain }) {
  const folder = bench.folder();
  await (await devices(folder, 2))();
  if (certificatesIn(folder) < 2) throw new Error("it made no certificates");
  const other = bench.folder();
  await chain?.(other)();
  if (chain !== undefined && certificatesIn(other) < 2) throw new Error("it made no chain");
}

/** @param {string} folder */
function certificatesIn(folder) {
  const texts = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(pem|json|ndjson)$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name), "utf8"));
  return texts.join("").split("-----BEGIN CERTIFICATE-----").length - 1;
}
