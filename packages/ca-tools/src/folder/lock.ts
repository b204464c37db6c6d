import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import lockfile from "proper-lockfile";
import { CaToolsError } from "../errors.ts";
import { codeOf } from "./files.ts";

/** A lock whose holder has not renewed it for this long, in milliseconds, is left over from a crash. */
export const STALE_MS: number = 5000;
const RENEW_MS = 1000;
/** After taking over a stale lock: others who saw it as well have taken it by then, or never will. */
const SETTLE_MS = 50;

/** How often a lock that another holds is asked for, and the pause between, in milliseconds. */
export interface LockWait {
  tries: number;
  pauseMs: number;
}
const TEN_SECONDS: LockWait = { tries: 200, pauseMs: 50 };

/** Name of the lock in the folder. */
export const LOCK_NAME: string = ".lock";

export interface HeldLock {
  /**
   * To be called before what cannot be undone: a process that was suspended may have lost its lock
   * to another, and two that found a stale lock at once may both have taken it.
   *
   * @throws {CaToolsError} `locked`
   */
  assertHeld(): Promise<void>;
}

/**
 * Runs `work` while no other process of ours changes the folder. Advisory: `openssl ca` does not know of it.
 *
 * @param wait - default: about ten seconds
 * @param name - of another lock in the folder. @default {@link LOCK_NAME}
 * @throws {CaToolsError} `locked` when the wait is over
 */
export async function withLock<T>(
  folder: string,
  work: (lock: HeldLock) => Promise<T>,
  wait: LockWait = TEN_SECONDS,
  name: string = LOCK_NAME,
): Promise<T> {
  const path = join(folder, name);
  // The library knows its locks by what they are on: two in one folder are on two things.
  const subject = name === LOCK_NAME ? folder : path;
  const taken = await acquire(folder, subject, path, wait);
  const assertHeld = async () => {
    if (await isStillOurs(path, taken)) return;
    throw new CaToolsError("locked", `another command took over the lock on ${folder}`, {
      file: path,
      hint: "it finishes or undoes what was begun here; run the command again",
    });
  };
  try {
    return await work({ assertHeld });
  } finally {
    // A lock that was lost is no longer ours to release; one that fails to go away turns stale.
    if (await isStillOurs(path, taken)) await taken.release().catch(() => undefined);
  }
}

interface Taken {
  release: () => Promise<void>;
  /** Of the lock's folder when it was taken. */
  identity: string | undefined;
  lost: boolean;
}

async function isStillOurs(path: string, { lost, identity }: Taken): Promise<boolean> {
  return !lost && identity !== undefined && (await identityOf(path)) === identity;
}

/** Tells one lock from the next: file systems give inode numbers out again. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.ino} ${found.birthtimeNs}`;
}

async function acquire(
  folder: string,
  subject: string,
  path: string,
  { tries, pauseMs }: LockWait,
): Promise<Taken> {
  for (let left = tries; ; left -= 1) {
    try {
      const taken = await takeOnce(subject, path, subject === folder);
      if (taken !== undefined) return taken;
      if (left <= 1) throw heldByAnother(folder, path, undefined);
    } catch (cause) {
      // Only a lock that is held is worth waiting for, or one that another took away while we looked;
      // a folder that refuses us, or is not there, will go on doing so.
      const wasTaken = codeOf(cause) === "ENOENT" && (await identityOf(folder)) !== undefined;
      if (codeOf(cause) !== "ELOCKED" && !wasTaken) throw cause;
      if (left <= 1) throw heldByAnother(folder, path, cause);
    }
    await delay(pauseMs);
  }
}

/** @returns undefined where another that found the same stale lock has taken ours for it */
async function takeOnce(
  subject: string,
  path: string,
  realpath: boolean,
): Promise<Taken | undefined> {
  const wasStale = await isStale(path);
  const state = { lost: false };
  const release = await lockfile.lock(subject, {
    lockfilePath: path,
    stale: STALE_MS,
    update: RENEW_MS,
    realpath,
    onCompromised: () => {
      state.lost = true;
    },
  });
  const taken: Taken = Object.assign(state, { release, identity: await identityOf(path) });
  if (!wasStale) return taken;
  await delay(SETTLE_MS);
  return (await isStillOurs(path, taken)) ? taken : undefined;
}

async function isStale(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.mtimeMs < Date.now() - STALE_MS;
}

function heldByAnother(folder: string, path: string, cause: unknown): CaToolsError {
  return new CaToolsError("locked", `another command is changing ${folder}`, {
    cause,
    file: path,
    hint: "wait for it to end and try again",
  });
}
