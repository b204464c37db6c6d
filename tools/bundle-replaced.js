import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../packages/cli/package.json", import.meta.url));
const client = fileURLToPath(new URL("../packages/dps-client/package.json", import.meta.url));

/**
 * A file of a library, for what its package does not export.
 *
 * @param {string} from - who depends on it
 * @param {string} name
 * @param {string} [file]
 */
const fileOf = (from, name, file = "") =>
  JSON.stringify(join(createRequire(from).resolve(`${name}/package.json`), "..", file));

/**
 * Modules that the bundle has others in place of, by who imports them. Each either costs a short
 * command more than the rest of it, or looks for files beside itself, which are not there.
 *
 * @type {{ importer: RegExp, name: RegExp, source: string }[]}
 */
const REPLACED = [
  {
    // 29 ms, for the widths of emoji in the help.
    importer: /[\\/](yargs|cliui)[\\/]/,
    name: /^string-width$/,
    source: `export { default } from ${JSON.stringify(createRequire(cli).resolve("fast-string-width"))};`,
  },
  {
    importer: /[\\/]cliui[\\/]/,
    name: /^wrap-ansi$/,
    source: `export { wrapAnsi as default } from ${fileOf(cli, "fast-wrap-ansi", "lib/main.js")};`,
  },
  {
    // It would read translations in a folder beside the bundle, which is somebody else's.
    importer: /[\\/]yargs[\\/]/,
    name: /^y18n$/,
    source: `
      import { format } from "node:util";
      const locale = "en";
      export default () => ({
        __: (text, ...values) => format(text, ...values),
        __n: (one, other, count, ...values) => format(count === 1 ? one : other, ...values),
        setLocale: () => undefined,
        getLocale: () => locale,
        updateLocale: () => undefined,
        locale,
      });`,
  },
  {
    importer: /[\\/]yargs[\\/]/,
    name: /^assert$/,
    source: `
      const check = (holds, message) => {
        if (!holds) throw new TypeError(message);
      };
      export const strictEqual = (a, b, message) => check(a === b, message);
      export const notStrictEqual = (a, b, message) => check(a !== b, message);`,
  },
  {
    // For settings in a package.json, which are not used.
    importer: /[\\/]yargs[\\/]/,
    name: /^(escalade\/sync|get-caller-file)$/,
    source: "export default () => '';",
  },
  {
    // For settings in files that name others, which are not used either.
    importer: /[\\/]yargs[\\/]/,
    name: /apply-extends\.js$/,
    source: "export const applyExtends = (settings) => settings;",
  },
  {
    // Its index brings fetch, WebSockets, mocks and caches; it also gives dispatchers their methods.
    importer: /[\\/]dps-client[\\/]src[\\/]/,
    name: /^undici$/,
    source: `
      import Agent from ${fileOf(client, "undici", "lib/dispatcher/agent.js")};
      import Dispatcher from ${fileOf(client, "undici", "lib/dispatcher/dispatcher.js")};
      import EnvHttpProxyAgent from ${fileOf(client, "undici", "lib/dispatcher/env-http-proxy-agent.js")};
      import request from ${fileOf(client, "undici", "lib/api/api-request.js")};
      Dispatcher.prototype.request = request;
      export { Agent, EnvHttpProxyAgent };`,
  },
];

const PREFIX = "\0replaced:";
const REQUIRED = "\0required:";

/**
 * What is not in the bundle but in Node or beside it: native code, and an optional package. The
 * sources import() these, which would start the loader of ES modules, and they know its error code.
 *
 * @param {string} name
 */
const required = (name) => `
  // To see which C library is there, libsql has Node report on the whole process, network and all.
  const { excludeNetwork } = process.report;
  process.report.excludeNetwork = true;
  try {
    module.exports = require(${JSON.stringify(name)});
  } catch (cause) {
    if (cause.code === "MODULE_NOT_FOUND") cause.code = "ERR_MODULE_NOT_FOUND";
    throw cause;
  } finally {
    process.report.excludeNetwork = excludeNetwork;
  }`;
const BESIDE = /^(node:.*|libsql|@azure\/identity)$/;

/** @returns {import("rolldown").Plugin} */
export const replaceModules = () => ({
  name: "replace-modules",
  resolveId(name, importer = "", { kind }) {
    if (BESIDE.test(name)) {
      return kind === "dynamic-import" ? REQUIRED + name : { id: name, external: true };
    }
    const at = REPLACED.findIndex((one) => one.name.test(name) && one.importer.test(importer));
    return at < 0 ? undefined : `${PREFIX}${at}`;
  },
  load(id) {
    if (id.startsWith(REQUIRED)) return required(id.slice(REQUIRED.length));
    return id.startsWith(PREFIX) ? REPLACED[Number(id.slice(PREFIX.length))]?.source : undefined;
  },
});
