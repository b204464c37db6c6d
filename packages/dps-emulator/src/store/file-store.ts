import { setTimeout as pause } from "node:timers/promises";
import type LibsqlDatabase from "libsql";
import { EmulatorError } from "../errors.ts";
import { codeOf, prepareStateFolder } from "./state-folder.ts";
import type { Entry, ListOptions, Store, Writer } from "./store.ts";

type Database = LibsqlDatabase.Database;

/** Milliseconds that a process waits for another one's write. */
const BUSY_TIMEOUT_MS = 10_000;
/** "DPSE" in the file's header says whose database this is. */
const APPLICATION_ID = 0x44505345;
/** 2: enrollments, and groups of every attestation. States of format 1 are read as they are. */
const FORMAT = 2;
const NO_LIMIT = -1;
const PAUSE_MS = 10;

/**
 * Opens the store of a state folder, which several processes may have open at once.
 *
 * @throws {EmulatorError} any of the `state-…` codes, or `store-unavailable`
 */
export async function openFileStore(stateDir: string): Promise<Store> {
  const file = prepareStateFolder(stateDir);
  const Libsql = await loadLibsql();
  let database: Database | undefined;
  try {
    const opened = new Libsql(file);
    database = opened;
    await setUp(opened, file);
    return storeOver(opened);
  } catch (cause) {
    database?.close();
    throw storeError(cause, file);
  }
}

async function loadLibsql(): Promise<typeof LibsqlDatabase> {
  try {
    return (await import("libsql")).default;
  } catch (cause) {
    throw unavailable(cause);
  }
}

async function setUp(database: Database, file: string): Promise<void> {
  // The order matters: without the timeout two processes that create the file at once collide on WAL.
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  // In a transaction, whose reads are of one moment: another process may be making the same file.
  inTransaction(database, "BEGIN", () => refuseOthers(database, file));
  await useWriteAheadLog(database);
  database.exec("PRAGMA synchronous = NORMAL");
  inTransaction(database, "BEGIN IMMEDIATE", () => {
    refuseOthers(database, file);
    database.exec(
      "CREATE TABLE IF NOT EXISTS kv (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID",
    );
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(`PRAGMA user_version = ${FORMAT}`);
  });
  // Opening reads no page of the data; damage is to be found now and not by a device's request.
  const [[verdict] = []] = rows(database, "PRAGMA quick_check(1)");
  if (verdict !== "ok") throw damaged(file);
}

/** Before another process that begins the same file SQLite does not wait here, whatever the timeout. */
async function useWriteAheadLog(database: Database): Promise<void> {
  const latest = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (codeOf(error) !== "SQLITE_BUSY" || performance.now() > latest) throw error;
    }
    await pause(PAUSE_MS);
  }
}

function refuseOthers(database: Database, file: string): void {
  const number = (sql: string) => Number(rows(database, sql)[0]?.[0]);
  const owner = number("PRAGMA application_id");
  const empty = number("SELECT count(*) FROM sqlite_master") === 0;
  if (owner !== APPLICATION_ID && !(owner === 0 && empty)) {
    throw new EmulatorError(
      "state-foreign",
      `${file} is a database of another program; name another state folder`,
    );
  }
  if (number("PRAGMA user_version") > FORMAT) {
    throw new EmulatorError(
      "state-newer",
      `${file} was written by a newer version of the emulator; use that version, or a new state folder`,
    );
  }
}

function rows(database: Database, sql: string): unknown[][] {
  return database.prepare(sql).raw().all([]) as unknown[][];
}

function inTransaction<T>(database: Database, begin: string, work: () => T): T {
  database.exec(begin);
  let result: T;
  try {
    result = work();
    database.exec("COMMIT");
  } catch (error) {
    // Some failures, a full disk for one, have ended the transaction already.
    if (database.inTransaction) database.exec("ROLLBACK");
    throw error;
  }
  return result;
}

function storeOver(database: Database): Store {
  // Parameters go in as one array of Buffers: libsql ends the process on a bare object.
  const selectOne = database.prepare("SELECT v FROM kv WHERE k = ?").raw();
  const selectRange = database
    .prepare("SELECT k, v FROM kv WHERE k > ? AND k < ? ORDER BY k LIMIT ?")
    .raw();
  const upsert = database.prepare(
    "INSERT INTO kv (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v",
  );
  const remove = database.prepare("DELETE FROM kv WHERE k = ?");
  const tables: Writer = {
    get: (key) => {
      const row = selectOne.get([Buffer.from(key)]) as [ArrayBuffer] | undefined;
      return row === undefined ? undefined : JSON.parse(text(row[0]));
    },
    list: (prefix, { after = prefix, limit = NO_LIMIT }: ListOptions = {}) => {
      const end = Buffer.concat([Buffer.from(prefix), Buffer.from([0xff])]);
      const found = selectRange.all([Buffer.from(after), end, limit]) as [
        ArrayBuffer,
        ArrayBuffer,
      ][];
      return found.map(
        ([key, value]): Entry => ({ key: text(key), value: JSON.parse(text(value)) }),
      );
    },
    put: (key, value) => {
      upsert.run([Buffer.from(key), Buffer.from(JSON.stringify(value))]);
    },
    delete: (key) => {
      remove.run([Buffer.from(key)]);
    },
  };
  return {
    read: (transaction) => inTransaction(database, "BEGIN", () => transaction(tables)),
    write: (transaction) => inTransaction(database, "BEGIN IMMEDIATE", () => transaction(tables)),
    close: () => {
      intoDatabase(database);
      database.close();
    },
  };
}

/**
 * Moves what the log holds into the database file. Closing leaves that, and the file itself, to the
 * garbage collector, which an ending process does not wait for.
 */
function intoDatabase(database: Database): void {
  // Whoever is at the file now does it later.
  database.exec("PRAGMA busy_timeout = 0");
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (error) {
    if (!/BUSY|LOCKED/.test(codeOf(error) ?? "")) throw error;
  }
}

const text = (bytes: ArrayBuffer) => Buffer.from(bytes).toString("utf8");

function unavailable(cause: unknown): EmulatorError {
  const message =
    "the embedded database has no build for this platform; keep the state in memory instead";
  return new EmulatorError("store-unavailable", message, { cause });
}

export function damaged(file: string, cause?: unknown): EmulatorError {
  const message = `the state in ${file} is damaged; delete its folder to begin anew, or restore it from a copy`;
  return new EmulatorError("state-damaged", message, { cause });
}

function storeError(cause: unknown, file: string): EmulatorError {
  if (cause instanceof EmulatorError) return cause;
  const code = codeOf(cause) ?? "";
  if (/BUSY|LOCKED/.test(code)) {
    const message = `another process holds ${file} locked; end it, or try again`;
    return new EmulatorError("state-busy", message, { cause });
  }
  if (/READONLY|CANTOPEN|PERM|IOERR|FULL/.test(code)) {
    const message = `${file} cannot be written (${code}); check its rights and the disk, or name another state folder`;
    return new EmulatorError("state-not-writable", message, { cause });
  }
  return damaged(file, cause);
}
