import { resolve } from "node:path";
import { usageError } from "../errors.ts";

/** Where commands go, and why. */
export type Choice =
  | { kind: "embedded"; why: string }
  | { kind: "url"; url: URL; why: string }
  | { kind: "file"; file: string; why: string }
  | { kind: "azure"; why: string };

/**
 * `--target` decides; else DPS_EMULATOR_URL; else DPS_CONNECTION_STRING or DPS_NAME mean Azure; else
 * the embedded emulator.
 */
export function chooseTarget(
  target: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Choice {
  if (target !== undefined) return fromOption(target, cwd);
  if (env.DPS_EMULATOR_URL) {
    return {
      kind: "url",
      url: parseUrl(env.DPS_EMULATOR_URL, "DPS_EMULATOR_URL"),
      why: "DPS_EMULATOR_URL",
    };
  }
  const name = ["DPS_CONNECTION_STRING", "DPS_NAME"].find((variable) => env[variable]);
  if (name !== undefined) return { kind: "azure", why: name };
  return { kind: "embedded", why: "no Azure settings found" };
}

function fromOption(target: string, cwd: string): Choice {
  const why = "--target";
  if (target === "azure" || target === "embedded") return { kind: target, why };
  if (/^https?:\/\//i.test(target)) return { kind: "url", url: parseUrl(target, "--target"), why };
  if (/^[a-z]+$/i.test(target)) {
    throw usageError(
      `--target takes azure, embedded, a URL or a file, not ${target}`,
      `for a file of that name write ./${target}`,
    );
  }
  return { kind: "file", file: resolve(cwd, target), why };
}

function parseUrl(text: string, from: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:") throw usageError(`${from} must be an https URL`);
  if (url.username !== "" || url.password !== "") {
    throw usageError(`${from} must not hold a user name or password`);
  }
  return url;
}
