/** What there is of the shards of a root. */
import { join } from "node:path";
import { CaToolsError } from "../../errors.ts";
import type { Registry } from "../../folder/registry.ts";
import type { Certificate } from "../../x509/certificate.ts";
import type { Made } from "../create-ca.ts";
import { readCaCertificate } from "../load-ca.ts";
import { readShard, shardName } from "./shard-folder.ts";

export interface Shard extends Made {
  index: number;
  /** Its CA's name in the root's folder. */
  name: string;
  /** Where its own folder is, or was made. */
  folder: string;
  /** `away`: recorded, and its folder is not below `out` any more, as it is on its machine. */
  state: "made" | "there" | "away";
}

/**
 * What there is of each shard; undefined where it is to be made.
 *
 * @throws {CaToolsError} `exists` for what has a shard's name and is none, or another
 */
export async function findShards(
  folder: string,
  { cas }: Registry,
  { out, count, root, force }: { out: string; count: number; root: Certificate; force: boolean },
): Promise<(Shard | undefined)[]> {
  const shards: (Shard | undefined)[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = shardName(index);
    const record = cas.find((ca) => ca.name.toLowerCase() === name);
    const certificate = await readShard(out, index, root);
    if (record !== undefined && !record.keyElsewhere) throw nameTaken(folder, name);
    const place = { index, name, folder: join(out, name) };
    if (certificate !== undefined) {
      // A forced command that was killed put it there, and did not come to record it.
      const isOther = record !== undefined && record.sha256 !== certificate.sha256;
      if (isOther && !force) throw otherShard(place);
      shards.push({ ...place, certificate, state: "there" });
    } else if (record !== undefined && !force) {
      const recorded = await readCaCertificate(folder, record);
      shards.push({ ...place, certificate: recorded, state: "away" });
    } else shards.push(undefined);
  }
  return shards;
}

function nameTaken(folder: string, name: string): CaToolsError {
  return new CaToolsError("exists", `${folder} has a CA named ${name} already, which is no shard`, {
    file: folder,
    hint: "make the shards below another root, in another folder: --pki",
  });
}

function otherShard({ folder, name }: Pick<Shard, "folder" | "name">): CaToolsError {
  return new CaToolsError("exists", `${folder} has another CA than the ${name} on record`, {
    file: folder,
    hint: "name another folder for the shards with --out, or say --force to put this one on record",
  });
}
