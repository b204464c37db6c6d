import { fstatSync, write as writeToFile } from "node:fs";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import type { AzureAccess } from "./target/azure-access.ts";
import type { Patience } from "./target/connection.ts";

/** Where much goes that a command hands over. */
export interface Outlet {
  kind: "terminal" | "file" | "pipe";
  /** Of a file: who may read it, and how many bytes it has. */
  mode: number;
  size: number;
  /** Resolves when the text is taken; rejects with EPIPE when nobody reads any more. */
  write: (text: string) => Promise<void>;
}

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
  /** Standard output for much of it, which waits for its reader. @default `stdout`, as a pipe */
  outlet?: () => Outlet;
  /** @default the process's */
  stdin?: AsyncIterable<Uint8Array>;
  /** @default Azure's own hosts, and whoever is signed in there */
  azure?: AzureAccess;
  /** With an emulator that is running. @default the clients' own */
  patience?: Patience;
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
    outlet: standardOutput,
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

function standardOutput(): Outlet {
  const fd = 1;
  const found = fstatSync(fd);
  return {
    kind: process.stdout.isTTY ? "terminal" : found.isFile() ? "file" : "pipe",
    mode: found.mode & 0o777,
    size: found.size,
    write: (text) => writeAll(fd, Buffer.from(text)),
  };
}

const write = promisify(writeToFile);
const LONGEST_PAUSE_MS = 20;

/**
 * Writes without holding the event loop, as `process.stdout` does on a pipe: its reader may be slow, and
 * locks have to be renewed meanwhile.
 */
async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  let pause = 0;
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await write(fd, bytes, at).catch(noneTaken);
    at += bytesWritten;
    pause = bytesWritten > 0 ? 0 : Math.min(pause + 1, LONGEST_PAUSE_MS);
    // A reader that keeps up makes room within the first turns.
    if (bytesWritten === 0) await (pause < 10 ? nextTurn() : delay(pause));
  }
}

function noneTaken(error: NodeJS.ErrnoException): { bytesWritten: number } {
  if (error.code === "EAGAIN") return { bytesWritten: 0 };
  throw error;
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
