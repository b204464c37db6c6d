/**
 * One command on a PKI folder: `node authority-step.js FOLDER TIME root|intermediate|devices [ID…]`.
 * Prints what was made, or what went wrong, as JSON. CAs and devices that are there are replaced
 * when FORCE is set.
 */
import { createDevices, createIntermediate, createRoot, loadCa, openPki } from "../index.ts";

const [folder = "", time = "", step, ...ids] = process.argv.slice(2);
const now = new Date(time);
const force = process.env.FORCE === "1";

async function run() {
  if (step === "root") {
    const { certificate } = await createRoot(folder, { commonName: "Root", now, force });
    return [certificate.serialNumber];
  }
  if (step === "intermediate") {
    const group = ids[0] ?? null;
    const { certificate } = await createIntermediate(folder, { commonName: "CA", now, group });
    return [certificate.serialNumber];
  }
  const registry = await openPki(folder);
  if (registry === undefined) throw new Error("no folder");
  const issuer = await loadCa(folder, registry, "intermediate");
  const made = await createDevices(folder, { ids, issuer, now, force });
  return made.map(({ certificate }) => certificate.serialNumber);
}

try {
  process.stdout.write(JSON.stringify({ made: await run() }));
} catch (error) {
  const { code, message } = /** @type {Error & { code?: string }} */ (error);
  process.stdout.write(JSON.stringify({ code, message }));
}
