import { stat } from "node:fs/promises";

/** The mode of a file that others than its owner can read; undefined where none can. */
export async function exposedMode(path: string): Promise<string | undefined> {
  // Windows has other rights, which Node does not tell.
  if (process.platform === "win32") return undefined;
  const found = await stat(path);
  const isExposed = found.isFile() && (found.mode & 0o044) !== 0;
  return isExposed ? (found.mode & 0o777).toString(8).padStart(4, "0") : undefined;
}
