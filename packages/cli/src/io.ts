/** Everything of the process that commands may touch, so that tests can hand in their own. */
export interface Io {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  /** Whether stderr is a terminal that takes colours and a live line. */
  isLive: boolean;
  /** Asks a yes-or-no question; undefined where nobody can answer. */
  confirm: ((question: string) => Promise<boolean>) | undefined;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  now: () => Date;
}

export function processIo(): Io {
  const { stdin, stdout, stderr, env } = process;
  // A terminal without a size (some pseudo-terminals have none) sends the live line into a loop.
  const hasSize = (stderr.columns ?? 0) > 0;
  const isLive = stderr.isTTY === true && hasSize && !env.CI && env.TERM !== "dumb";
  return {
    stdout: (text) => stdout.write(text),
    stderr: (text) => stderr.write(text),
    isLive,
    confirm: stdin.isTTY && stderr.isTTY ? askOnTerminal : undefined,
    env,
    cwd: process.cwd(),
    now: () => new Date(),
  };
}

async function askOnTerminal(question: string): Promise<boolean> {
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
