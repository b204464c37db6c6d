// Builds packages/cli/bundle, which `dps-certs` runs: all that its commands need, in few files that
// load quickly. CommonJS, because the loader of ES modules alone costs a tenth of a short command.
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { licencesOf } from "./bundle-licences.js";
import { replaceModules } from "./bundle-replaced.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "packages/cli/bundle");

const OURS = /[\\/]packages[\\/][^\\/]+[\\/]src[\\/]/;
/** Each module of these declares the syntax of its own types, and nothing else. */
const SYNTAX = /[\\/]@peculiar[\\/]asn1-[^\\/]+[\\/]/;
/** Of ours one module changes something when it is loaded: it sets up the library's decorators. */
const LIBRARY = /[\\/]ca-tools[\\/]src[\\/]x509[\\/]library\.ts$/;

/** @returns {Promise<import("rolldown").OutputChunk[]>} */
const build = async () => {
  const bundle = await rolldown({
    input: {
      main: join(root, "packages/cli/src/bundle.ts"),
      "fleet-worker": join(root, "packages/ca-tools/src/fleet/fleet-worker.ts"),
    },
    platform: "node",
    resolve: {
      conditionNames: ["@dps-certs/source", "node", "import"],
      mainFields: ["module", "main"],
    },
    plugins: [replaceModules()],
    // The X.509 library would load Node's WebCrypto for its default provider; it is given ours.
    transform: { define: { "global.crypto": "undefined" } },
    treeshake: {
      moduleSideEffects: (id) => LIBRARY.test(id) || !(OURS.test(id) || SYNTAX.test(id)),
    },
    onLog: (level, log, report) => {
      if (level !== "warn") return report(level, log);
      throw new Error(log.message);
    },
  });
  const { output } = await bundle.generate({
    format: "cjs",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  });
  const chunks = output.filter((file) => file.type === "chunk");
  // The loader of bin/bundle.js does not know it.
  const dynamic = chunks.find(({ code }) => /[^.\w]import\(/.test(code));
  if (dynamic !== undefined) throw new Error(`${dynamic.fileName} has an import()`);
  return chunks;
};

/** The names of all commands, as they are typed, from the modules themselves. */
const commandsOf = (/** @type {string} */ folder) => {
  const { COMMANDS, GROUPS } = createRequire(import.meta.url)(join(folder, "main.js"));
  /** @param {{ usage: string }} command */
  const word = ({ usage }) => usage.split(" ")[0];
  return [
    ...COMMANDS.map(word),
    ...GROUPS.flatMap((/** @type {any} */ { name, commands }) =>
      commands.map((/** @type {{ usage: string }} */ command) => `${name} ${word(command)}`),
    ),
  ];
};

const chunks = await build();
const made = mkdtempSync(`${target}-`);
chmodSync(made, 0o755);
writeFileSync(join(made, "package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
writeFileSync(join(made, "LICENCES.txt"), licencesOf(chunks.flatMap(({ moduleIds }) => moduleIds)));
for (const { fileName, code } of chunks) writeFileSync(join(made, fileName), code);

// What the loader keeps of one build must not be taken for another's; V8 compares lengths only.
const hash = createHash("sha256");
for (const { fileName, code } of chunks) hash.update(`${fileName}\n${code}`);
const description = { build: hash.digest("hex").slice(0, 16), commands: commandsOf(made) };
const main = chunks.find(({ fileName }) => fileName === "main.js")?.code;
writeFileSync(join(made, "main.js"), `//${JSON.stringify(description)}\n${main}`);

rmSync(target, { recursive: true, force: true });
renameSync(made, target);
