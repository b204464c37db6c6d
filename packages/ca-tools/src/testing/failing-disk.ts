import { DISK, type Disk } from "../fleet-folder/disk.ts";

export interface FailingDisk {
  disk: Disk;
  /** Whether the power has failed. */
  isDead: () => boolean;
  /** Operations so far. */
  operations: () => number;
  /** Counts an operation that is no disk's. @throws {Error} where the power is off */
  count: () => void;
}

/**
 * A disk whose power fails at its n-th operation, 1 being the first: a write is cut in half, everything
 * else does not happen, and nothing that comes later does.
 */
export function failingDisk(failAt: number): FailingDisk {
  let operations = 0;
  let isDead = false;
  const count = () => {
    if (isDead) throw new Error("the power is off");
    operations += 1;
    if (operations !== failAt) return;
    isDead = true;
    throw new Error("the power fails");
  };
  const counted =
    <A extends unknown[], R>(operation: (...args: A) => R) =>
    (...args: A): R => {
      count();
      return operation(...args);
    };
  const disk: Disk = {
    create: counted(DISK.create),
    openEnd: counted(DISK.openEnd),
    write: (file, data) => {
      const bytes = Buffer.from(data);
      if (!isDead && operations + 1 === failAt) {
        DISK.write(file, bytes.subarray(0, bytes.length / 2));
      }
      count();
      DISK.write(file, data);
    },
    cut: counted(DISK.cut),
    flush: async (file) => {
      count();
      await DISK.flush(file);
    },
    close: DISK.close,
    link: counted(DISK.link),
    rename: counted(DISK.rename),
    unlink: counted(DISK.unlink),
    makeFolder: counted(DISK.makeFolder),
    flushFolder: async (path) => {
      count();
      await DISK.flushFolder(path);
    },
  };
  return { disk, isDead: () => isDead, operations: () => operations, count };
}
