/** Changes a PKI folder: `node change-folder.js FOLDER PLAN`. Prints what went wrong as JSON. */
import { changePki } from "../folder/pki.ts";

const [folder = "", name = ""] = process.argv.slice(2);

/** @param {string} path */
const file = (path, secret = false) => ({ path, data: `new ${path}\n`, secret });

/** @type {Record<string, import("../folder/pki.ts").Plan>} */
const PLANS = {
  one: { files: [file("certs/one.cert.pem")] },
  many: { files: Array.from({ length: 300 }, (_, n) => file(`certs/${n}.cert.pem`)) },
  // A device that is replaced; the third of its old files was lost before.
  replace: {
    moves: ["certs/dev.cert.pem", "private/dev.key.pem", "certs/dev-full-chain.cert.pem"].map(
      (from) => ({ from, to: `old-20300301T120000Z/${from}` }),
    ),
    files: [
      file("private/dev.key.pem", true),
      file("certs/dev.cert.pem"),
      file("certs/dev-full-chain.cert.pem"),
      file("newcerts/0A.pem"),
    ],
    rows: ["V\t300401000000Z\t\t0A\tunknown\t/CN=dev", "V\t300401000000Z\t\t0B\tunknown\t/CN=dev"],
    // The second of what is made is of no use at once: its row must not come back when this is finished later.
    revocations: ["01", "0B"].map((serialNumber) => ({
      serialNumber,
      at: new Date("2030-03-01T12:00:00Z"),
      reason: /** @type {const} */ ("superseded"),
    })),
  },
};

const user = Number(process.env.RUN_AS);
if (user > 0) {
  process.setgroups?.([]);
  process.setgid?.(user);
  process.setuid?.(user);
}
try {
  const plan = PLANS[name] ?? { files: [] };
  await changePki(folder, () => plan);
} catch (error) {
  const { code, file, message } = /** @type {Error & { code?: string, file?: string }} */ (error);
  process.stdout.write(JSON.stringify({ code, file, message }));
}
