/** Everything of the process that commands may touch, so that tests can hand in their own. */
export interface Io {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  /** Whether stderr is a terminal that takes colours and a live line. */
  isLive: boolean;
  /** Asks a yes-or-no question; undefined where nobody can answer. */
  confirm: ((question: string) => Promise<boolean>) | undefined;
  /** Asks for a secret, which is not shown; undefined where nobody can answer. */
  askSecret: ((question: string) => Promise<string | undefined>) | undefined;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  now: () => Date;
}

export function processIo(): Io {
  const { stdin, stdout, stderr, env } = process;
  surviveClosedPipes();
  // A terminal without a size (some pseudo-terminals have none) sends the live line into a loop.
  const hasSize = (stderr.columns ?? 0) > 0;
  const isLive = stderr.isTTY === true && hasSize && !env.CI && env.TERM !== "dumb";
  return {
    stdout: (text) => stdout.write(text),
    stderr: (text) => stderr.write(text),
    isLive,
    confirm: stdin.isTTY && stderr.isTTY ? askOnTerminal : undefined,
    askSecret: stdin.isTTY && stderr.isTTY ? askSecretOnTerminal : undefined,
    env,
    cwd: process.cwd(),
    now: () => new Date(),
  };
}

/** A reader that went away (`| head`) must not end the work; a result that is lost must be told. */
function surviveClosedPipes(): void {
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    process.exitCode = 1;
    process.stderr.write(`dps-certs: cannot write the result: ${error.message}\n`);
  });
}

/** Ctrl-C and Ctrl-D are a no. */
async function askOnTerminal(question: string): Promise<boolean> {
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `).catch(() => "");
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

/** Ctrl-C and Ctrl-D give nothing. */
async function askSecretOnTerminal(question: string): Promise<string | undefined> {
  const { isCancel, password } = await import("@clack/prompts");
  const answer = await password({ message: question, output: process.stderr });
  return isCancel(answer) || answer === "" ? undefined : answer;
}

/**
 * Says what an interruption means; the work goes on where it stopped when it is run again.
 *
 * @returns takes the explanation back
 */
export function explainInterrupt(io: Io): () => void {
  const interrupted = () => {
    io.stderr("\ndps-certs: interrupted; what is done stays, run the command again to finish\n");
    process.exit(130);
  };
  process.once("SIGINT", interrupted);
  return () => process.removeListener("SIGINT", interrupted);
}
