/** Room for a number of tasks at once; who waits for something else meanwhile gives its room away. */
export interface Slots {
  /** Resolves when there is room, in the order of the calls. */
  take: () => Promise<void>;
  /** As `take`, before all who have not begun: what is half done holds connections. */
  takeBack: () => Promise<void>;
  free: () => void;
}

export function createSlots(count: number): Slots {
  let left = count;
  const begun: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  const takeIn = (queue: (() => void)[]): Promise<void> => {
    if (left === 0) return new Promise((resolve) => queue.push(resolve));
    left -= 1;
    return Promise.resolve();
  };
  return {
    take: () => takeIn(waiting),
    takeBack: () => takeIn(begun),
    free: () => {
      const next = begun.shift() ?? waiting.shift();
      if (next === undefined) left += 1;
      else next();
    },
  };
}
