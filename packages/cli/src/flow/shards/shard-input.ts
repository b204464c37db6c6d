/** The part of an input that a machine makes. */
import { hash } from "node:crypto";
import type { InputRow } from "@dps-certs/ca-tools";
import type { BulkInput } from "../bulk/input.ts";
import type { ShardChoice } from "./choose-shard.ts";

/**
 * The part that an id belongs to: the last 48 bits of the SHA-256 of the id in small letters, modulo
 * `count`. So it is the same whatever else the input names, and in which order; and ids that differ by
 * letter case alone, which are one device, meet in one part.
 */
export function shardOf(id: string, count: number): number {
  return Number.parseInt(hash("sha256", id.toLowerCase()).slice(-12), 16) % count;
}

/** Every row is of one part: what names no device is told once, by the first. */
const shardOfRow = (row: InputRow, count: number): number =>
  row.id === undefined ? 0 : shardOf(row.id, count);

/** The rows of this part. How many there will be is not known, but how many have been looked at. */
export function inputOfShard(
  input: BulkInput,
  { index, count }: Pick<ShardChoice, "index" | "count">,
): BulkInput {
  const { total, distinct } = input;
  let seen = 0;
  async function* rows(): AsyncGenerator<InputRow, void, undefined> {
    for await (const row of input.rows) {
      seen += 1;
      if (shardOfRow(row, count) === index) yield row;
    }
  }
  const fraction = total === undefined ? input.fraction : () => seen / total;
  return { rows: rows(), distinct, ...(fraction && { fraction }) };
}
