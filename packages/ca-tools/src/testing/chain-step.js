/** Makes a chain with encrypted keys: `node chain-step.js FOLDER TIME`. Prints the CAs, or what went wrong, as JSON. */
import { createChain } from "../index.ts";

const [folder = "", time = ""] = process.argv.slice(2);

try {
  const commonNames = ["Root CA", "Intermediate CA", "Intermediate 2 CA"];
  const { made } = await createChain(folder, {
    commonNames,
    now: new Date(time),
    // Tried on every key, so that what looks at the folder afterwards can open them.
    password: "1234",
  });
  process.stdout.write(JSON.stringify({ made: made.map(({ name }) => name) }));
} catch (error) {
  const { code, message } = /** @type {Error & { code?: string }} */ (error);
  process.stdout.write(JSON.stringify({ code, message }));
}
