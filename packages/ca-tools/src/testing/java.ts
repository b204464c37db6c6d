import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Certificate } from "../x509/certificate.ts";

const PROGRAM = fileURLToPath(new URL("oracles/ValidatePaths.java", import.meta.url));

/**
 * What Java's PKIX validator says of paths, all in one process.
 *
 * @returns `OK` or the reason, in the order of the paths
 */
export function verifyWithJava(
  folder: string,
  paths: readonly (readonly Pick<Certificate, "pem">[])[],
  at: Date,
): string[] {
  const files = join(folder, "paths");
  mkdirSync(files);
  paths.forEach((path, index) => {
    const name = String(index).padStart(6, "0");
    writeFileSync(join(files, name), path.map(({ pem }) => pem).join(""));
  });
  // One short-lived process: the second compiler costs more than it saves.
  const flags = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
  const { status, stdout, stderr, error } = spawnSync(
    "java",
    [...flags, PROGRAM, files, String(at.getTime())],
    { encoding: "utf8" },
  );
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t")[1] ?? "");
}
