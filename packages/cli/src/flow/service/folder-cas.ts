import {
  type CaRecord,
  CaToolsError,
  type Certificate,
  openPki,
  type Registry,
  readChain,
} from "@dps-certs/ca-tools";
import type { Context } from "../../command.ts";

export interface FolderCa {
  record: CaRecord;
  certificate: Certificate;
  /** Its own certificate first, the top of the folder last. */
  chain: readonly Certificate[];
}

/**
 * The list of CAs of the PKI folder where there is one: for commands that only look there for what
 * they need.
 */
export async function findRegistry({ pki }: Pick<Context, "pki">): Promise<Registry | undefined> {
  try {
    return await openPki(pki);
  } catch (error) {
    if (error instanceof CaToolsError && error.code === "not-a-pki-folder") return undefined;
    throw error;
  }
}

/** The CAs of the PKI folder with what is above each; none where there is no such folder. */
export async function readFolderCas(context: Pick<Context, "pki">): Promise<FolderCa[]> {
  const registry = await findRegistry(context);
  if (registry === undefined) return [];
  return await Promise.all(
    registry.cas.map(async (record) => {
      const chain = await readChain(context.pki, registry, record);
      return { record, certificate: chain[0] as Certificate, chain };
    }),
  );
}
