import { createSpinner } from "nanospinner";
import type { Io } from "../io.ts";
import { jsonText, paint, printable } from "./text.ts";

export type Mark = "done" | "already" | "todo" | "failed";

const MARKS = {
  done: ["✔", "green"],
  already: ["=", "dim"],
  todo: ["○", "yellow"],
  failed: ["✖", "red"],
} as const;

const TITLE_WIDTH = 22;

/** Progress goes to stderr, the result to stdout: one JSON document, or text for people. */
export interface Reporter {
  /** The target and where it came from: every command's first line. */
  target: (text: string) => void;
  step: (mark: Mark, title: string, detail: string) => void;
  /** Shows on a terminal what is being done; call the result when it is over. */
  working: (title: string) => Working;
  note: (text: string) => void;
  warn: (text: string) => void;
  result: (value: unknown, text: string) => void;
  /** As `result`, with the JSON on one line: for programs that read on while the command runs. */
  line: (value: unknown, text: string) => void;
}

export interface Working {
  (): void;
  /** Another text in place of the title. */
  update: (text: string) => void;
}

/** Nothing to be seen. */
const unseen: Working = Object.assign(() => undefined, { update: () => undefined });

export interface ReporterOptions {
  json: boolean;
  /** Leaves out progress and notes; warnings stay. */
  quiet: boolean;
  isLive: boolean;
  colour: boolean;
}

export function createReporter(
  io: Pick<Io, "stdout" | "stderr">,
  options: ReporterOptions,
): Reporter {
  const { json, quiet, isLive, colour } = options;
  const line = (text: string) => {
    if (!quiet) io.stderr(`  ${text}\n`);
  };
  return {
    target: (text) => line(paint(colour, "dim", printable(text))),
    step: (mark, title, detail) => {
      const [sign, hue] = MARKS[mark];
      const text = `${printable(title).padEnd(TITLE_WIDTH)}  ${printable(detail)}`.trimEnd();
      // What failed is told even to those who want the result alone.
      if (mark === "failed" || !quiet) io.stderr(`  ${paint(colour, hue, sign)} ${text}\n`);
    },
    working: (title) => (quiet || !isLive ? unseen : spin(title)),
    note: (text) => line(printable(text)),
    warn: (text) => io.stderr(`  ${paint(colour, "yellow", "!")} ${printable(text)}\n`),
    result: (value, text) => io.stdout(json ? `${jsonText(value, 2)}\n` : text),
    line: (value, text) => io.stdout(json ? `${jsonText(value)}\n` : text),
  };
}

const SHOW_CURSOR = "\u001b[?25h";

/** A live line; the cursor, which it hides, comes back also when the process ends meanwhile. */
function spin(title: string): Working {
  const spinner = createSpinner(title, { stream: process.stderr }).start();
  const showCursor = () => {
    process.stderr.write(SHOW_CURSOR);
  };
  process.once("exit", showCursor);
  const stop = () => {
    process.removeListener("exit", showCursor);
    spinner.clear();
    spinner.stop();
  };
  return Object.assign(stop, {
    update: (text: string) => {
      spinner.update({ text });
    },
  });
}
