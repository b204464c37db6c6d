import type { Reporter } from "../output/reporter.ts";

/** Tells nobody anything. */
export const silent: Reporter = {
  target: () => undefined,
  step: () => undefined,
  working: () => Object.assign(() => undefined, { update: () => undefined }),
  note: () => undefined,
  warn: () => undefined,
  result: () => undefined,
  line: () => undefined,
};
