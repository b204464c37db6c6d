import type { Runtime } from "../runtime.ts";

export interface FakeRuntime extends Runtime {
  /** Every wait that was asked for, in milliseconds. */
  readonly waits: number[];
  advance: (ms: number) => void;
}

/** A clock that moves only when it is waited on or told to. */
export function fakeRuntime(start: number = Date.UTC(2024, 0, 1)): FakeRuntime {
  let time = start;
  const waits: number[] = [];
  return {
    waits,
    advance: (ms) => {
      time += ms;
    },
    now: () => time,
    sleep: (ms) => {
      waits.push(ms);
      time += ms;
      return Promise.resolve();
    },
    random: () => 0,
  };
}
