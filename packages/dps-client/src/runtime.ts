import { setTimeout as delay } from "node:timers/promises";

/** Time and chance, passed in so that tests need neither. */
export interface Runtime {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Waits `ms` milliseconds; rejects when the signal aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** A number from 0 up to but not including 1. */
  random: () => number;
}

export const SYSTEM_RUNTIME: Runtime = {
  now: Date.now,
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {});
  },
  random: Math.random,
};
