import type { Entry, ListOptions, Reader, Store, Writer } from "./store.ts";

/** A store that ends with its process. Values are kept as JSON, so nobody shares an object with it. */
export function openMemoryStore(): Store {
  const entries = new Map<string, string>();
  let sorted: string[] | undefined;

  const set = (key: string, json: string | undefined) => {
    if (json === undefined ? entries.has(key) : !entries.has(key)) sorted = undefined;
    if (json === undefined) entries.delete(key);
    else entries.set(key, json);
  };

  const get = (key: string): unknown => {
    const json = entries.get(key);
    return json === undefined ? undefined : JSON.parse(json);
  };

  const list = (prefix: string, { after = prefix, limit = Infinity }: ListOptions = {}) => {
    sorted ??= [...entries.keys()].sort();
    const found: Entry[] = [];
    for (let at = firstBehind(sorted, after); at < sorted.length && found.length < limit; at += 1) {
      const key = sorted[at];
      if (key === undefined || !key.startsWith(prefix)) break;
      found.push({ key, value: get(key) });
    }
    return found;
  };

  const reader: Reader = { get, list };
  return {
    read: (transaction) => transaction(reader),
    write: (transaction) => {
      const undo: [string, string | undefined][] = [];
      const change = (key: string, json: string | undefined) => {
        undo.push([key, entries.get(key)]);
        set(key, json);
      };
      const writer: Writer = {
        get,
        list,
        put: (key, value) => change(key, JSON.stringify(value)),
        delete: (key) => change(key, undefined),
      };
      try {
        return transaction(writer);
      } catch (error) {
        for (const [key, json] of undo.reverse()) set(key, json);
        throw error;
      }
    },
    close: () => entries.clear(),
  };
}

/** Index of the first of the sorted keys that is greater than `key`. */
function firstBehind(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? "") > key) high = middle;
    else low = middle + 1;
  }
  return low;
}
