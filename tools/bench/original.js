/**
 * The original script, from a folder that the user names: it is not ours to hand on.
 *
 * @import { Contender, Bench } from "./contenders.js"
 */
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./processes.js";

const SCRIPT = "certGen.sh";
const CONFIGURATION = ["openssl_root_ca.cnf", "openssl_device_intermediate_ca.cnf"];

/** What makes P-256 keys of the script's RSA keys, encrypted as they were. */
const HACKS = [
  ['algorithm="genrsa"', 'algorithm="genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"'],
  ['key_bits_length="4096"', 'key_bits_length=""'],
  [" -aes256 -passout pass:$" + "{root_ca_password} ", " -aes256 -pass pass:1234 "],
  [" -aes256 -passout pass:$" + "{intermediate_ca_password} ", " -aes256 -pass pass:1234 "],
];

/** @param {string} script @throws {Error} for a script that has other lines */
export function hackToP256(script) {
  return HACKS.reduce((text, [from = "", to = ""]) => {
    if (!text.includes(from)) throw new Error(`the script has no line with ${from}`);
    return text.replace(from, to);
  }, script);
}

/**
 * @param {Bench} bench
 * @param {string | undefined} source - the folder
 * @param {Pick<Contender, "name" | "note" | "perRound"> & { edit: (script: string) => string }} variant
 * @returns {Contender}
 */
function original(bench, source, { edit, ...described }) {
  const scriptText = () => {
    if (source === undefined)
      throw new Error("no folder is named: --certgen FOLDER, or CERTGEN_DIR");
    return edit(readFileSync(join(source, SCRIPT), "utf8"));
  };
  const copyTo = (/** @type {string} */ folder) => {
    writeFileSync(join(folder, SCRIPT), scriptText());
    for (const name of CONFIGURATION) copyFileSync(join(source ?? "", name), join(folder, name));
  };
  const call = (/** @type {string} */ folder, /** @type {string[]} */ ...args) =>
    run("bash", [SCRIPT, ...args], { cwd: folder, env: bench.env });
  return {
    ...described,
    version: () => {
      const hash = createHash("sha256").update(scriptText()).digest("hex");
      return `SHA-256 ${hash.slice(0, 12)}…`;
    },
    chain: (folder) => {
      copyTo(folder);
      return () => call(folder, "create_root_and_intermediate");
    },
    devices: async (folder, count) => {
      copyTo(folder);
      await call(folder, "create_root_and_intermediate");
      return async () => {
        for (let index = 0; index < count; index++) {
          // It cannot write over its last certificate itself, which nobody may write to.
          rmSync(join(folder, "certs/new-device.cert.pem"), { force: true });
          await call(folder, "create_device_certificate_from_intermediate", `device-${index}`);
        }
      };
    },
  };
}

/** @param {Bench} bench @param {string | undefined} source @returns {Contender[]} */
export const originals = (bench, source) => [
  original(bench, source, {
    name: "certGen.sh",
    note: "one call for each, the script as it is: with RSA-4096",
    perRound: 2,
    edit: (script) => script,
  }),
  original(bench, source, {
    name: "certGen.sh on P-256",
    note: "the same, changed to make P-256 keys",
    perRound: 12,
    edit: hackToP256,
  }),
];
