import { resolve } from "node:path";
import { CaToolsError, type Certificate, certificatesIn } from "@dps-certs/ca-tools";
import { readFiles } from "../read-input.ts";

/**
 * The certificate of a file that is to hold one; a private key beside it stays where it is.
 *
 * @param hint - @default to look what is in it
 * @throws {CaToolsError} `invalid-certificate` for none or several; {CliError} as `readFiles`
 */
export async function readOneCertificate(
  cwd: string,
  file: string,
  hint: string = `see what is in it with: dps-certs inspect ${file}`,
): Promise<Certificate> {
  const [certificate, ...others] = certificatesIn(await readFiles(cwd, [file]));
  if (certificate !== undefined && others.length === 0) return certificate;
  const problem =
    certificate === undefined
      ? `there is no certificate in ${file}`
      : `there are ${others.length + 1} certificates in ${file}, and one is wanted`;
  throw new CaToolsError("invalid-certificate", problem, { file: resolve(cwd, file), hint });
}
