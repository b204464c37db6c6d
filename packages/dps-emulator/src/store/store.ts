/** A value is anything JSON can say; a key is ASCII, its parts divided by `/`. */
export interface Reader {
  get(key: string): unknown;
  /** Entries whose key begins with `prefix`, in the order of their keys. */
  list(prefix: string, options?: ListOptions): Entry[];
}

export interface Writer extends Reader {
  put(key: string, value: unknown): void;
  delete(key: string): void;
}

export interface ListOptions {
  /** Only keys behind this one. */
  after?: string | undefined;
  /** @default no limit */
  limit?: number;
}

export interface Entry {
  key: string;
  value: unknown;
}

/**
 * Transactions are synchronous: a function sees one consistent state, and what it wrote is there for
 * every process when `write` returns, or not at all when the function throws.
 */
export interface Store {
  read<T>(transaction: (reader: Reader) => T): T;
  write<T>(transaction: (writer: Writer) => T): T;
  close(): void;
}
