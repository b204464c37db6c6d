// What the npm libraries are given to do, each in a process of its own:
//   node work.js <library> devices <count> <certificate file> <key file>   one JSON object a line
//   node work.js <library> chain <folder>                                  a root and an intermediate
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {{ certificate: string, privateKey: string }} Pair - both PEM
 * @typedef {object} Library
 * @property {(pair: Pair) => unknown} open - prepares a CA that signs
 * @property {(commonName: string, issuer: unknown, isCa: boolean) => Promise<Pair>} issue - makes a
 *   key and a certificate; without an issuer it signs itself
 */

const [name, task, ...rest] = process.argv.slice(2);
/** @type {Library} */
const { open, issue } = await import(`./${name}.js`);

if (task === "devices") {
  const [count, certificate = "", privateKey = ""] = rest;
  const issuer = await open({
    certificate: readFileSync(certificate, "utf8"),
    privateKey: readFileSync(privateKey, "utf8"),
  });
  for (let index = 0; index < Number(count); index++) {
    const id = `device-${index}`;
    process.stdout.write(`${JSON.stringify({ id, ...(await issue(id, issuer, false)) })}\n`);
  }
} else {
  const [folder = ""] = rest;
  const root = await issue("Benchmark Root CA", undefined, true);
  const intermediate = await issue("Benchmark Intermediate CA", await open(root), true);
  for (const [file, pair] of Object.entries({ root, intermediate })) {
    writeFileSync(join(folder, `${file}.pem`), pair.certificate);
    writeFileSync(join(folder, `${file}.key`), pair.privateKey, { mode: 0o600 });
  }
}
