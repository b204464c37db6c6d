import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Pair {
  certPem: string;
  keyPem: string;
}

export interface OpensslPki {
  folder: string;
  root: Pair;
  /** `days` may be negative: a certificate that is past its end. */
  issue: (name: string, options?: { issuer?: string; extensions?: string; days?: number }) => Pair;
  remove: () => void;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Certificates made by the openssl command in a temporary folder. */
export function opensslPki(): OpensslPki {
  const folder = mkdtempSync(join(tmpdir(), "dps-client-"));
  const file = (name: string) => join(folder, name);
  const read = (name: string) => readFileSync(file(name), "utf8");
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const pair = (name: string): Pair => ({
    certPem: read(`${name}.pem`),
    keyPem: read(`${name}.key`),
  });
  openssl(
    ..."req -x509 -keyout root.key -out root.pem -days 2 -subj /CN=root".split(" "),
    ...NEW_KEY,
  );
  return {
    folder,
    root: pair("root"),
    issue: (name, { issuer = "root", extensions = "basicConstraints=CA:FALSE", days = 2 } = {}) => {
      writeFileSync(file(`${name}.ext`), extensions);
      openssl(
        "req",
        "-new",
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.csr`,
        "-subj",
        `/CN=${name}`,
        ...NEW_KEY,
      );
      openssl(
        ...[
          "x509",
          "-req",
          "-in",
          `${name}.csr`,
          "-CA",
          `${issuer}.pem`,
          "-CAkey",
          `${issuer}.key`,
        ],
        ...[
          "-CAcreateserial",
          "-days",
          String(days),
          "-extfile",
          `${name}.ext`,
          "-out",
          `${name}.pem`,
        ],
      );
      return pair(name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
