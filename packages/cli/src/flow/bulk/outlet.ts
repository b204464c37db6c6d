/** Standard output as the place that devices with their private keys go to. */
import { CliError, usageError } from "../../errors.ts";
import type { Io, Outlet } from "../../io.ts";
import type { Reporter } from "../../output/reporter.ts";

export interface DeviceStream {
  kind: "stream";
  write: (text: string) => Promise<void>;
  fileSize?: number;
}

/**
 * @param allowed - whether private keys may be shown on a terminal
 * @throws {CliError} `usage` for a terminal
 */
export function deviceStream(
  io: Pick<Io, "outlet" | "stdout">,
  report: Pick<Reporter, "warn">,
  allowed: boolean,
): DeviceStream {
  const outlet = io.outlet?.() ?? plainOutlet(io);
  if (outlet.kind === "terminal" && !allowed) {
    throw usageError(
      "private keys would be shown on the terminal",
      "send them to a program, or to a file with --out FILE; --yes shows them",
    );
  }
  if (outlet.kind === "file" && (outlet.mode & 0o077) !== 0 && process.platform !== "win32") {
    report.warn(
      `the private keys go to a file of mode ${outlet.mode.toString(8)}; --out FILE makes one that only you can read`,
    );
  }
  return {
    kind: "stream",
    write: (text) => outlet.write(text).catch(lost),
    ...(outlet.kind === "file" && { fileSize: outlet.size }),
  };
}

const plainOutlet = ({ stdout }: Pick<Io, "stdout">): Outlet => ({
  kind: "pipe",
  mode: 0,
  size: 0,
  write: (text) => Promise.resolve(stdout(text)),
});

function lost(cause: NodeJS.ErrnoException): never {
  const problem =
    cause.code === "EPIPE"
      ? "the program that reads the devices has ended"
      : `the devices cannot be written: ${cause.code ?? cause.message}`;
  throw new CliError("not-delivered", problem, {
    cause,
    hint: "run the command again: it goes on, and makes once more what may not have arrived",
  });
}
