import { CaToolsError } from "../errors.ts";
import { type FleetMade, lineWriter } from "./device-output.ts";
import type { PresentIds } from "./present.ts";
import type { RunState } from "./run-state.ts";
import { type FleetSink, type Owed, sink } from "./sink.ts";
import { inSlices } from "./slices.ts";
import type { FleetOutput } from "./types.ts";

const BATCH = 500;
/** What a pipe may hold that nobody has read, in bytes: Linux lets no user have more. */
const PIPE_BYTES = 1024 * 1024;

type Uncertain = NonNullable<RunState["uncertain"]>[number];

/**
 * Devices go to a reader that never says what it got. So index.txt lists a batch before it is written,
 * and the journal names what may still be on its way: when the run goes on, that is made once more.
 */
export function streamSink(
  { write, fileSize }: Extract<FleetOutput, { kind: "stream" }>,
  intermediates: string,
  present: PresentIds,
  journal: string,
): FleetSink {
  const lineOf = lineWriter(intermediates);
  const owed = new Map<number, Owed>();
  let window: Sent[] = [];
  return sink({
    batch: BATCH,
    present,
    owed,
    begin: async (state) => {
      if (state !== undefined && fileSize === 0) throw elsewhere(state, journal);
      for (const [row, id, serialNumbers] of state?.uncertain ?? []) {
        owed.set(row, { id, serialNumbers });
      }
      // Behind a line that may have been cut short.
      if (state !== undefined && fileSize !== undefined) await write("\n");
      return undefined;
    },
    seal: (batch) => {
      for (const { at } of batch) owed.delete(at);
      const uncertain = [
        ...[...owed].map(
          ([row, { id, serialNumbers }]): Uncertain => [row, id, [...serialNumbers]],
        ),
        ...window.map(({ made }) => uncertainOf(made)),
        ...batch.map(uncertainOf),
      ];
      return Promise.resolve({ files: [], state: { uncertain } });
    },
    settle: async (batch) => {
      const sent: Sent[] = [];
      await inSlices(batch, (made) => {
        sent.push({ made, line: lineOf(made) });
      });
      await write(sent.map(({ line }) => line).join(""));
      window = lastOf([...window, ...sent]);
    },
  });
}

/** A device and its line; gone with the next batch, for the most part. */
interface Sent {
  made: FleetMade;
  line: string;
}

function elsewhere({ made }: RunState, journal: string): CaToolsError {
  return new CaToolsError(
    "exists",
    `an interrupted run of this command made ${made} devices, and wrote them elsewhere than to this empty file`,
    {
      hint: `append to that file, which alone has their keys; to give them up, delete ${journal}`,
    },
  );
}

const uncertainOf = ({ at, row, before = [], device }: FleetMade): Uncertain => [
  at,
  row.id,
  [...before, device.serialNumber],
];

/** The last of them, which a pipe may hold, and the one before it that it may hold a part of. */
function lastOf(sent: readonly Sent[]): Sent[] {
  let bytes = 0;
  const from = sent.findLastIndex(({ line }) => {
    // At least as many bytes.
    bytes += line.length;
    return bytes > PIPE_BYTES;
  });
  return sent.slice(Math.max(0, from));
}
