import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CaToolsError } from "../errors.ts";
import { exists, listNames, onPath } from "../folder/files.ts";
import { TEMPORARY } from "../folder/layout.ts";
import { LOCK_NAME, withLock } from "../folder/lock.ts";
import { type FleetMade, fannedPaths } from "./device-output.ts";
import type { Disk } from "./disk.ts";
import type { PresentIds } from "./present.ts";
import { type FleetSink, sink } from "./sink.ts";
import { inSlices } from "./slices.ts";
import { flushFolders, writeFiles } from "./write-files.ts";

const BATCH = 500;
const PRIVATE_FOLDER = 0o700;
const FAN = /^[0-9a-f]{2}$/;

/**
 * Devices become files of 256 folders. Their files lie there under temporary names until the PKI folder
 * has them on record; the names say of which batch they are, so that a run that goes on knows which of
 * them to put in place.
 */
export function fannedSink(
  folder: string,
  intermediates: string,
  rows: PresentIds,
  disk: Disk,
): FleetSink {
  let batchId = "";
  const filesOf = ({ row, device: { certificate, privateKey } }: FleetMade) => {
    const { folder: fan, key, fullChain, certificate: own } = fannedPaths(row.id);
    const file = (name: string, data: string, secret = false) => ({
      path: join(folder, fan, `${TEMPORARY}${batchId}-${name}`),
      place: join(folder, fan, name),
      data,
      secret,
    });
    return [
      file(key, privateKey, true),
      file(fullChain, certificate + intermediates),
      file(own, certificate),
    ];
  };
  return sink({
    batch: BATCH,
    present: { ...rows, problem: (id) => rows.problem(id) ?? placed(folder, id) },
    hold: (work) => holdFolder(folder, disk, work),
    begin: async (state) => {
      await tidy(folder, state?.placing, disk);
      return undefined;
    },
    prepare: async (batch) => {
      batchId = randomBytes(6).toString("hex");
      const fans = new Set(batch.map(({ row }) => join(folder, fannedPaths(row.id).folder)));
      await inSlices(fans, (fan) => disk.makeFolder(fan, PRIVATE_FOLDER));
      await disk.flushFolder(folder);
      const files = batch.flatMap(filesOf);
      try {
        await onPath(folder, () => writeFiles(disk, files));
      } catch (error) {
        await removeIfThere(files, disk);
        throw error;
      }
    },
    seal: async (_batch, dropped) => {
      await inSlices(dropped.flatMap(filesOf), ({ path }) => disk.unlink(path));
      return { files: [], state: { placing: batchId } };
    },
    settle: async (batch) => {
      const files = batch.flatMap(filesOf);
      await inSlices(files, ({ path, place }) => disk.rename(path, place));
      await flushFolders(
        disk,
        files.map(({ place }) => place),
      );
    },
  });
}

/** Keys above all; what cannot be removed now, the next run removes. */
async function removeIfThere(files: readonly { path: string }[], disk: Disk): Promise<void> {
  await inSlices(files, ({ path }) => {
    try {
      disk.unlink(path);
    } catch {
      // It was not written yet.
    }
  });
}

function placed(folder: string, id: string): CaToolsError | undefined {
  const { folder: fan, key, certificate } = fannedPaths(id);
  const path = [key, certificate].map((name) => join(folder, fan, name)).find(existsSync);
  if (path === undefined) return undefined;
  return new CaToolsError("exists", `${path} is there already`, {
    file: path,
    hint: "name another folder with --out, or move the file away",
  });
}

async function holdFolder<T>(folder: string, disk: Disk, work: () => Promise<T>): Promise<T> {
  const foreign = (await listNames(folder)).find(
    (name) => !FAN.test(name) && name !== ".gitignore" && name !== LOCK_NAME,
  );
  if (foreign !== undefined) {
    throw new CaToolsError("exists", `${folder} holds other things, such as ${foreign}`, {
      file: folder,
      hint: "name a folder that is empty, or not there yet",
    });
  }
  return await onPath(folder, async () => {
    disk.makeFolder(folder, PRIVATE_FOLDER);
    return await withLock(folder, async () => {
      const ignored = join(folder, ".gitignore");
      if (!(await exists(ignored))) {
        await writeFiles(disk, [{ path: ignored, data: "*\n" }]);
      }
      return await work();
    });
  });
}

/** Puts files in place that the PKI folder has on record, and removes those that it has not. */
async function tidy(folder: string, placing: string | undefined, disk: Disk): Promise<void> {
  const recorded = `${TEMPORARY}${placing}-`;
  for (const fan of (await listNames(folder)).filter((name) => FAN.test(name))) {
    const names = (await listNames(join(folder, fan))).filter((name) => name.startsWith(TEMPORARY));
    for (const name of names) {
      const path = join(folder, fan, name);
      if (placing === undefined || !name.startsWith(recorded)) disk.unlink(path);
      else disk.rename(path, join(folder, fan, name.slice(recorded.length)));
    }
    if (names.length > 0) await disk.flushFolder(join(folder, fan));
  }
}
