import type { Io } from "../io.ts";
import type { Reporter } from "./reporter.ts";

export interface ProgressOptions {
  /** What is being done, as a title: `importing`. */
  title: string;
  /** What is counted: `device`. */
  noun: string;
  /** How much there is, where that is known. */
  total?: number | undefined;
  /** What part of all is done, from 0 to 1, where the total is not known but that is. */
  fraction?: (() => number | undefined) | undefined;
}

export interface Progress {
  add: (count: number) => void;
  end: () => void;
}

/** Milliseconds between changes of the live line, and between plain lines. */
const [LIVE_MS, PLAIN_MS] = [100, 10_000];

/** Shows how far a long work is, how fast it goes and how long it will take. */
export function createProgress(
  report: Pick<Reporter, "note" | "working">,
  { isLive, now }: Pick<Io, "isLive" | "now">,
  { title, noun, total, fraction }: ProgressOptions,
): Progress {
  const working = report.working(title);
  const began = now().getTime();
  let shown = began;
  let count = 0;
  return {
    add: (more) => {
      count += more;
      const time = now().getTime();
      if (time - shown < (isLive ? LIVE_MS : PLAIN_MS)) return;
      shown = time;
      const part = total === undefined ? fraction?.() : count / total;
      const text = `${title}: ${progressText({ noun, count, total, part, ms: time - began })}`;
      if (isLive) working.update(text);
      else report.note(text);
    },
    end: working,
  };
}

export interface ProgressState {
  noun: string;
  count: number;
  total: number | undefined;
  /** From 0 to 1. */
  part: number | undefined;
  /** Milliseconds since the beginning. */
  ms: number;
}

/** `1,200 of 5,000 devices, 240/s, 16 s left`. */
export function progressText({ noun, count, total, part, ms }: ProgressState): string {
  const number = (value: number) => value.toLocaleString("en");
  const of = total === undefined ? "" : ` of ${number(total)}`;
  const perSecond = ms > 0 ? (count * 1000) / ms : 0;
  const rate = perSecond >= 10 ? number(Math.round(perSecond)) : perSecond.toFixed(1);
  const left = part && part < 1 ? `, ${duration((ms / part) * (1 - part))} left` : "";
  return `${number(count)}${of} ${noun}s, ${rate}/s${left}`;
}

/** To a precision that people need: `40 s`, `3 min`, `1 h 20 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
