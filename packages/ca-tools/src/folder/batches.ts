/** Open files at a time, well below any limit on them. */
const BATCH = 32;

/** Like `Promise.all` over `work`, a few at a time and in order; stops after the batch that fails. */
export async function inBatches<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += BATCH) {
    const batch = items.slice(at, at + BATCH);
    // All have ended before the failure of one is told: nothing goes on behind the caller's back.
    const settled = await Promise.allSettled(batch.map((item, n) => work(item, at + n)));
    for (const result of settled) {
      if (result.status === "rejected") throw result.reason;
      results.push(result.value);
    }
  }
  return results;
}
