import { hash } from "node:crypto";

/** Words of 32 bits that are kept of an id. */
const WORDS = 3;
const FIRST_SLOTS = 1024;
const MAX_LOAD = 0.7;

/** Ids that do not differ by letter case alone, in little memory: see {@link createIdSet}. */
export interface IdSet {
  has(id: string): boolean;
  /** @returns false where the id was there already */
  add(id: string): boolean;
}

/**
 * A set of ids that keeps 96 bits of the SHA-1 of each and nothing else: 17 to 35 bytes an id, where a
 * Set of strings takes about a hundred. That two of a million ids meet by chance happens once in 10^17
 * sets.
 */
export function createIdSet(): IdSet {
  let table: Table = emptyTable(FIRST_SLOTS);
  let size = 0;
  return {
    has: (id) => size > 0 && !isFree(table, slotOf(table, digestOf(id))),
    add: (id) => {
      const digest = digestOf(id);
      const slot = slotOf(table, digest);
      if (!isFree(table, slot)) return false;
      put(table, slot, digest);
      size += 1;
      if (size > table.slots * MAX_LOAD) table = twice(table);
      return true;
    },
  };
}

/** Open addressing; a slot of zeros is free. */
interface Table {
  slots: number;
  words: Uint32Array;
}
type Digest = readonly [number, number, number];

const emptyTable = (slots: number): Table => ({ slots, words: new Uint32Array(slots * WORDS) });

function digestOf(id: string): Digest {
  const text = hash("sha1", id.toLowerCase(), "binary");
  const word = (at: number) =>
    (text.charCodeAt(at) |
      (text.charCodeAt(at + 1) << 8) |
      (text.charCodeAt(at + 2) << 16) |
      (text.charCodeAt(at + 3) << 24)) >>>
    0;
  return [word(0), word(4), word(8)];
}

const isFree = ({ words }: Table, slot: number) =>
  words[slot * WORDS] === 0 && words[slot * WORDS + 1] === 0 && words[slot * WORDS + 2] === 0;

const holds = ({ words }: Table, slot: number, [a, b, c]: Digest) =>
  words[slot * WORDS] === a && words[slot * WORDS + 1] === b && words[slot * WORDS + 2] === c;

/** The slot of the digest, or the free one where it would be put. */
function slotOf(table: Table, digest: Digest): number {
  const mask = table.slots - 1;
  let slot = digest[0] & mask;
  while (!isFree(table, slot) && !holds(table, slot, digest)) slot = (slot + 1) & mask;
  return slot;
}

function put({ words }: Table, slot: number, digest: Digest): void {
  words.set(digest, slot * WORDS);
}

function twice(table: Table): Table {
  const bigger = emptyTable(table.slots * 2);
  for (let slot = 0; slot < table.slots; slot += 1) {
    if (isFree(table, slot)) continue;
    const [a = 0, b = 0, c = 0] = table.words.subarray(slot * WORDS, (slot + 1) * WORDS);
    put(bigger, slotOf(bigger, [a, b, c]), [a, b, c]);
  }
  return bigger;
}
