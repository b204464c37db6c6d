import type { KeyObject } from "node:crypto";
import type { NewFile } from "../folder/transaction.ts";
import type { Certificate } from "../x509/certificate.ts";
import { writePfx } from "../x509/pfx/write.ts";
import { leafPaths } from "./leaf-files.ts";
import type { Ca } from "./load-ca.ts";

export interface PfxOptions {
  /** Opens the file. A secret. */
  password: string;
  /** `legacy` is what old Windows, macOS and Java open. @default "modern" */
  form?: "modern" | "legacy";
}

/**
 * The PFX of a device (RFC 7292): its key, its certificate and the whole chain, root included, as
 * programs that import it have no other place to take the chain from.
 */
export async function pfxFile(
  id: string,
  device: { certificate: Certificate; privateKey: KeyObject },
  issuer: Pick<Ca, "chain">,
  { password, form = "modern" }: PfxOptions,
): Promise<NewFile> {
  const { certificate, privateKey } = device;
  const data = await writePfx({
    privateKey,
    certificates: [certificate, ...issuer.chain],
    password,
    form,
    friendlyName: id,
  });
  return { path: leafPaths(id).pfx, data, secret: true };
}
