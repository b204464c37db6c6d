import { createReadStream, lstatSync, type Stats } from "node:fs";
import { basename, dirname } from "node:path";
import { CaToolsError } from "../errors.ts";
import { exists, isMissing, onPath, SECRET_MODE } from "../folder/files.ts";
import { withLock } from "../folder/lock.ts";
import { LINE_START, lineWriter } from "./device-output.ts";
import type { Disk } from "./disk.ts";
import type { PresentIds } from "./present.ts";
import type { RunState } from "./run-state.ts";
import { type FleetSink, sink } from "./sink.ts";
import { inSlices } from "./slices.ts";

const BATCH = 1000;

type Counted = NonNullable<RunState["file"]>;

/**
 * Devices become lines of a file, which is ours from its beginning. The journal says how much of it
 * counts: what a killed run wrote behind that is cut off when it goes on.
 */
export function fileSink(
  path: string,
  intermediates: string,
  present: PresentIds,
  { disk, journal }: { disk: Disk; journal: string },
): FleetSink {
  const lineOf = lineWriter(intermediates);
  let file: number | undefined;
  let counted: Counted = { bytes: 0, last: null };
  const put = async (text: string) => {
    if (file === undefined) throw new Error("the file is not open");
    try {
      disk.write(file, text);
      await disk.flush(file);
    } catch (error) {
      // A line that is half there would be read as the end of the file.
      disk.cut(file, counted.bytes);
      throw error;
    }
  };
  return sink({
    batch: BATCH,
    present,
    hold: (work) => holdFile(path, work),
    begin: async (state) => {
      counted = state?.file ?? counted;
      await onPath(path, async () => {
        file = state?.file ? await goOn(path, state.file, { disk, journal }) : begin(path, disk);
        await disk.flushFolder(dirname(path));
      });
      return { file: counted };
    },
    seal: async (batch) => {
      const lines: string[] = [];
      await inSlices(batch, (made) => {
        lines.push(lineOf(made));
      });
      const text = lines.join("");
      if (text !== "") await onPath(path, () => put(text));
      counted = {
        bytes: counted.bytes + Buffer.byteLength(text),
        last: batch.at(-1)?.device.serialNumber ?? counted.last,
      };
      return { files: [], state: { file: counted } };
    },
    end: () => {
      if (file !== undefined) disk.close(file);
      return Promise.resolve();
    },
  });
}

/** Two runs that write to one file would write into one another's lines. */
async function holdFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  if (!(await exists(dirname(path)))) throw noFolder(path);
  const name = `.${basename(path)}.lock`;
  return await onPath(path, () => withLock(dirname(path), work, undefined, name));
}

const noFolder = (path: string) =>
  new CaToolsError("not-found", `there is no folder ${dirname(path)}`, {
    file: path,
    hint: "make it, or name a file elsewhere",
  });

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A file without content may be one that we had begun a moment before the end; losing another harms nobody. */
function begin(path: string, disk: Disk): number {
  const found = lookAt(path);
  if (found === undefined) return disk.create(path, SECRET_MODE);
  if (!found.isFile() || found.size > 0) {
    throw new CaToolsError("exists", `${path} is there already`, {
      file: path,
      hint: "name another file, or move this one away",
    });
  }
  disk.unlink(path);
  return disk.create(path, SECRET_MODE);
}

async function goOn(
  path: string,
  counted: Counted,
  { disk, journal }: { disk: Disk; journal: string },
): Promise<number> {
  const found = lookAt(path);
  if (!found?.isFile() || found.size < counted.bytes || !(await isOurs(path, counted))) {
    throw new CaToolsError(
      found === undefined ? "not-found" : "exists",
      `${path} is not the file that an interrupted run of this command wrote its devices to`,
      {
        file: path,
        hint: `put that file back, which alone has the keys of those devices; to give them up, delete ${journal}`,
      },
    );
  }
  const file = disk.openEnd(path);
  disk.cut(file, counted.bytes);
  await disk.flush(file);
  return file;
}

/** Of a line, in bytes: a chain of some certificates. */
const MAX_LINE_BYTES = 256 * 1024;

/** Whether the line that ends where the file counts is the last device's; of a file that does not count yet, whether it begins like ours. */
async function isOurs(path: string, { bytes, last }: Counted): Promise<boolean> {
  if (last === null) {
    const beginning = await read(path, 0, LINE_START.length);
    return LINE_START.startsWith(beginning);
  }
  const text = await read(path, Math.max(0, bytes - MAX_LINE_BYTES), bytes);
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  return text.endsWith("\n") && line.includes(`"serialNumber":"${last}"`);
}

async function read(path: string, start: number, end: number): Promise<string> {
  let text = "";
  for await (const chunk of createReadStream(path, { start, end: end - 1, encoding: "utf8" })) {
    text += chunk;
  }
  return text;
}
