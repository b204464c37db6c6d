import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Certificate } from "../x509/certificate.ts";
import type { Outcome } from "./openssl.ts";

/** What GnuTLS says of a path, leaf first and trust anchor last, at this moment. */
export function verifyWithGnutls(
  folder: string,
  path: readonly Pick<Certificate, "pem">[],
  purpose?: string,
): Outcome {
  const chain = path.length > 1 ? path.slice(0, -1) : path;
  const file = (name: string, certificates: readonly Pick<Certificate, "pem">[]) => {
    const at = join(folder, name);
    writeFileSync(at, certificates.map(({ pem }) => pem).join(""));
    return at;
  };
  const { status, stdout, stderr, error } = spawnSync(
    "certtool",
    [
      ...["--verify", "--verify-profile", "medium"],
      ...["--load-ca-certificate", file("anchor.pem", path.slice(-1))],
      ...["--infile", file("chain.pem", chain)],
      ...(purpose ? ["--verify-purpose", purpose] : []),
    ],
    { encoding: "utf8" },
  );
  if (error !== undefined) throw error;
  return { status, output: stdout + stderr };
}
