export interface BatchQueue<T> {
  /** Hands a batch over; resolves when the one before is done. */
  put(batch: T): Promise<void>;
  /** Resolves when nothing goes on any more. */
  end(): Promise<void>;
}

/** Works on one batch while the next is made, never on two. */
export function batchQueue<T>(work: (batch: T) => Promise<void>): BatchQueue<T> {
  let current: Promise<void> = Promise.resolve();
  return {
    put: async (batch) => {
      await current;
      current = work(batch);
      // Told to whoever waits next.
      current.catch(() => undefined);
    },
    end: () => current,
  };
}
