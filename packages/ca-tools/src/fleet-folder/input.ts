/** The rows of a run that are still to be made, and what is wrong with the others. */
import { CaToolsError } from "../errors.ts";
import { createIdSet, type IdSet } from "./id-set.ts";
import { checkRow } from "./issue-rows.ts";
import { digestRow, type RunState } from "./run-state.ts";
import type { FleetSink } from "./sink.ts";
import type { BadRow, FleetRow, FleetRunOptions, InputRow } from "./types.ts";

/** A row with its number among all, and the digest of those up to it. */
export interface WantedRow {
  row: FleetRow;
  at: number;
  digest: string;
  /** Serial numbers of its certificates that a reader may have got before. */
  before?: readonly string[];
}

export interface InputOptions {
  options: FleetRunOptions;
  state: RunState;
  /** Path of the file that `state` is from. */
  journal: string;
  sink: FleetSink;
  now: Date;
  /** Takes rows that are left out. @returns whether to go on */
  reject: (bad: BadRow, at: number) => boolean;
}

/**
 * Goes through the input: rows that an interrupted run dealt with are compared with what it saw and left
 * out, but for those that are owed.
 *
 * @throws {CaToolsError} `exists` when the input is not that of the interrupted run
 */
export async function* wantedRows(
  rows: Iterable<InputRow> | AsyncIterable<InputRow>,
  { options, state, journal, sink, now, reject }: InputOptions,
): AsyncGenerator<WantedRow> {
  const seen = options.distinct ? NOT_KEPT : createIdSet();
  let last = 0;
  for await (const numbered of number(rows, options)) {
    const { row, at } = numbered;
    last = at;
    const problem = problemOf(numbered, seen, { options, state, sink, now });
    if (at <= state.rows) {
      const owed = owedOf(numbered, { state, journal, sink });
      if (owed !== undefined) yield owed;
      continue;
    }
    if (problem !== undefined && !reject(badRow(row, problem), at)) return;
    if (problem === undefined) yield numbered as WantedRow;
  }
  if (last < state.rows) throw otherInput(state, journal);
}

/** Ids that cannot meet need not be remembered. */
const NOT_KEPT: IdSet = { has: () => false, add: () => true };

interface NumberedRow extends Omit<WantedRow, "row"> {
  row: InputRow;
}

async function* number(
  rows: Iterable<InputRow> | AsyncIterable<InputRow>,
  { distinct = false }: FleetRunOptions,
): AsyncGenerator<NumberedRow> {
  let [at, digest] = [0, ""];
  for await (const row of rows) {
    at += 1;
    // Where ids are counted, the last speaks for all before it.
    if (distinct) digest = row.id ?? "";
    else digest = digestRow(digest, "problem" in row ? [] : [row.id, row.names, row.days]);
    yield { row, at, digest };
  }
}

/** A row that was dealt with before, where it is to be made once more. */
function owedOf(
  { row, at, digest }: NumberedRow,
  { state, journal, sink }: Pick<InputOptions, "state" | "journal" | "sink">,
): WantedRow | undefined {
  if (at === state.rows && digest !== state.digest) throw otherInput(state, journal);
  const device = sink.owed.get(at);
  if (device === undefined) return undefined;
  if ("problem" in row || device.id !== row.id) throw otherInput(state, journal);
  return { row, at, digest, before: device.serialNumbers };
}

const badRow = ({ line, id }: InputRow, problem: Error): BadRow => ({
  line,
  ...(id !== undefined && { id }),
  problem,
});

function problemOf(
  { row, at }: NumberedRow,
  seen: IdSet,
  { options, state, sink, now }: Omit<InputOptions, "reject" | "journal">,
): Error | undefined {
  if ("problem" in row) return row.problem;
  const isNew = seen.add(row.id);
  if (at <= state.rows) return undefined;
  try {
    checkRow(row, options, now);
  } catch (error) {
    if (error instanceof CaToolsError) return error;
    throw error;
  }
  return isNew ? sink.present.problem(row.id) : namedTwice(row.id);
}

const namedTwice = (id: string) =>
  new CaToolsError("invalid-name", `${id} is named twice`, {
    hint: "name each device once; ids do not differ by letter case alone",
  });

function otherInput({ made }: RunState, journal: string): CaToolsError {
  return new CaToolsError(
    "exists",
    `an interrupted run of this command made ${made} devices from another input than this`,
    { hint: `give it the same input, so that it goes on; to begin anew, delete ${journal}` },
  );
}
