import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Certificate } from "../x509/certificate.ts";

export interface Outcome {
  status: number | null;
  /** Both streams. */
  output: string;
}

/** Runs the openssl command: an implementation that shares no code with ours. */
export function tryOpenssl(args: readonly string[], cwd?: string, input?: string): Outcome {
  const { status, stdout, stderr, error } = spawnSync("openssl", args, {
    cwd,
    input,
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  return { status, output: stdout + stderr };
}

/** Like {@link tryOpenssl}, for what is to succeed. */
export function openssl(args: readonly string[], cwd?: string, input?: string): string {
  const { status, output } = tryOpenssl(args, cwd, input);
  if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${output}`);
  return output;
}

/** `openssl x509 -text` of a certificate. */
export function textOf(certificate: Pick<Certificate, "pem">): string {
  const args = ["x509", "-noout", "-text", "-nameopt", "RFC2253,-esc_msb,utf8"];
  return openssl(args, undefined, certificate.pem);
}

/** What `openssl verify -x509_strict` says of a path: leaf first, trust anchor last. */
export function verifyStrict(
  folder: string,
  path: readonly Pick<Certificate, "pem">[],
  { at, purpose }: { at: Date; purpose?: "sslclient" | "sslserver" },
): Outcome {
  const [leaf, ...issuers] = path;
  const anchor = issuers.pop() ?? leaf;
  const file = (name: string, certificates: readonly (Pick<Certificate, "pem"> | undefined)[]) => {
    const at = join(folder, name);
    writeFileSync(at, certificates.map((certificate) => certificate?.pem ?? "").join(""));
    return at;
  };
  return tryOpenssl([
    ...strict(at),
    ...(purpose ? ["-purpose", purpose] : []),
    ...["-CAfile", file("anchor.pem", [anchor])],
    ...(issuers.length > 0 ? ["-untrusted", file("untrusted.pem", issuers)] : []),
    file("leaf.pem", [leaf]),
  ]);
}

const strict = (at: Date) => [
  ...["verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-check_ss_sig"],
  ...["-attime", String(Math.floor(at.getTime() / 1000))],
];

/** Like {@link verifyStrict} for paths to one trust anchor, in one process; no two CAs have one name. */
export function areAccepted(
  folder: string,
  paths: readonly (readonly Pick<Certificate, "pem">[])[],
  { at, purpose }: { at: Date; purpose?: "sslclient" | "sslserver" },
): boolean[] {
  const leaves = paths.map((_, index) => `leaf-${index}.pem`);
  paths.forEach(([leaf], index) => {
    writeFileSync(join(folder, leaves[index] ?? ""), leaf?.pem ?? "");
  });
  const issuers = paths.flatMap((path) => path.slice(1, -1)).map(({ pem }) => pem);
  writeFileSync(join(folder, "anchor.pem"), paths[0]?.at(-1)?.pem ?? "");
  writeFileSync(join(folder, "issuers.pem"), issuers.join(""));
  const files = ["-CAfile", "anchor.pem", "-untrusted", "issuers.pem"];
  const wanted = purpose ? ["-purpose", purpose] : [];
  const { output } = tryOpenssl([...strict(at), ...wanted, ...files, ...leaves], folder);
  return leaves.map((leaf) => output.includes(`${leaf}: OK`));
}
