/**
 * Makes the script's chain: `node certgen-step.js FOLDER TIME`. Prints the serial number of the root,
 * or what went wrong, as JSON. Replaces what is there when FORCE is set.
 */
import { createScriptChain } from "../index.ts";

const [folder = "", time = ""] = process.argv.slice(2);
const options = /** @type {const} */ ({ algorithm: "ec-p256", now: new Date(time) });
try {
  const { root } = await createScriptChain(folder, {
    ...options,
    force: process.env.FORCE === "1",
  });
  process.stdout.write(JSON.stringify({ made: root.serialNumber }));
} catch (error) {
  const { code, message } = /** @type {Error & { code?: string }} */ (error);
  process.stdout.write(JSON.stringify({ code, message }));
}
