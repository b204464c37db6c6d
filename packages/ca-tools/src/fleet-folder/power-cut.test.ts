import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NOW } from "../testing/authority.ts";
import { chainFolder } from "../testing/chain-folder.ts";
import { crashPoints } from "../testing/children.ts";
import { type FailingDisk, failingDisk } from "../testing/failing-disk.ts";
import { filesBelow, indexed, linesIn, rowsOf } from "../testing/fleet-folder.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { createFleet } from "./create-fleet.ts";
import { fannedPaths } from "./device-output.ts";
import { DISK, type Disk } from "./disk.ts";
import type { FleetOutput, FleetResult } from "./types.ts";

const chain = chainFolder();
const RUN = "0123456789abcdef";
const IDS = ["a", "b", "c", "d", "e"];
const LOST = new Error("nobody reads");

interface Place {
  folder: string;
  /** Of the output. */
  path: string;
}

const run = ({ folder }: Place, output: FleetOutput, disk?: Disk): Promise<FleetResult> =>
  createFleet(
    folder,
    rowsOf(...IDS),
    { issuer: chain.issuer(), now: () => NOW, workers: 0, output, run: RUN, batch: 2 },
    disk,
  );

function place(): Place {
  const parent = scratch();
  const folder = join(parent, "pki");
  cpSync(chain.copy(), folder, { recursive: true });
  return { folder, path: join(parent, "out") };
}

/** Lets the power fail at one operation after another, until a run gets by. */
async function failAtEach(
  stride: number,
  attempt: (failing: FailingDisk) => Promise<void>,
): Promise<number> {
  const isPoint = crashPoints(stride);
  for (let failAt = 1; ; failAt += 1) {
    if (!isPoint(failAt)) continue;
    const failing = failingDisk(failAt);
    await attempt(failing);
    if (!failing.isDead()) return failing.operations();
  }
}

/** Runs into the power cut, then once more, and once more after that. */
async function runTwice(
  at: Place,
  output: FleetOutput,
  failing: FailingDisk,
): Promise<FleetResult> {
  const [first] = await Promise.allSettled([run(at, output, failing.disk)]);
  expect(first.status).toBe(failing.isDead() ? "rejected" : "fulfilled");
  if (first.status === "fulfilled") return first.value;
  const { folder } = at;
  const state = join(folder, ".bulk", `${RUN}.json`);
  const before = Object.keys(indexed(folder)).length;
  const result = await run(at, output);
  expect(result.made + result.earlier).toBe(IDS.length);
  expect(result.earlier).toBeGreaterThanOrEqual(before);
  expect(existsSync(state)).toBe(false);
  return result;
}

const once = Object.fromEntries(IDS.map((id) => [id, [expect.any(String)]]));
const fanned = [
  ".gitignore",
  ...IDS.flatMap((id) => {
    const { folder, key, fullChain, certificate } = fannedPaths(id);
    return [key, fullChain, certificate].map((name) => join(folder, name));
  }),
].sort();
const leftOver = (folder: string) =>
  filesBelow(folder).filter((path) => /\.tmp-|\.pending\/|\.bulk\//.test(path));

describe("a run whose power is cut, and that is run again", { timeout: 240_000 }, () => {
  it("has every device in the PKI folder, whole, and made once", async () => {
    const total = await failAtEach(71, async (failing) => {
      const at = place();
      await runTwice(at, { kind: "flat" }, failing);
      expect(indexed(at.folder)).toEqual(once);
      expect(await flawsOf(at.folder)).toEqual([]);
      expect(leftOver(at.folder)).toEqual([]);
    });
    expect(total).toBeGreaterThan(100);
  });

  it("has every device in the file, whole, and made once", async () => {
    const total = await failAtEach(37, async (failing) => {
      const at = place();
      await runTwice(at, { kind: "file", path: at.path }, failing);
      const lines = linesIn(readFileSync(at.path, "utf8"));
      expect(lines.map(({ id }) => id)).toEqual(IDS);
      expect(indexed(at.folder)).toEqual(
        Object.fromEntries(lines.map(({ id, serialNumber }) => [id, [serialNumber]])),
      );
      expect(leftOver(at.folder)).toEqual([]);
    });
    expect(total).toBeGreaterThan(30);
  });

  it("has every device in the folders of two hex digits, whole, and made once", async () => {
    const total = await failAtEach(97, async (failing) => {
      const at = place();
      await runTwice(at, { kind: "fanned", folder: at.path }, failing);
      expect(filesBelow(at.path)).toEqual(fanned);
      expect(indexed(at.folder)).toEqual(once);
      expect(leftOver(at.folder)).toEqual([]);
    });
    expect(total).toBeGreaterThan(80);
  });

  it("has every device on the stream at least once, and tells of those that are there twice", async () => {
    const total = await failAtEach(29, async (failing) => {
      const at = place();
      const read: string[] = [];
      const write = (text: string) => {
        failing.count();
        read.push(text);
        return Promise.resolve();
      };
      const [first] = await Promise.allSettled([run(at, { kind: "stream", write }, failing.disk)]);
      if (first.status === "rejected") {
        const again = await run(at, {
          kind: "stream",
          write: (text) => {
            read.push(text);
            return Promise.resolve();
          },
        });
        const lines = linesIn(read.join(""));
        const listed = indexed(at.folder);
        const twice = Object.entries(listed).filter(([, serials]) => serials.length > 1);
        expect(Object.fromEntries(twice)).toEqual(
          Object.fromEntries(
            again.repeated.map(({ id, serialNumber, before }) => [
              id,
              [...before, serialNumber].sort(),
            ]),
          ),
        );
        for (const { id, serialNumber } of lines) expect(listed[id]).toContain(serialNumber);
        expect([...new Set(lines.map(({ id }) => id))].sort()).toEqual(IDS);
        expect(again.made + again.earlier).toBe(IDS.length);
      }
      expect(leftOver(at.folder)).toEqual([]);
    });
    expect(total).toBeGreaterThan(30);
  });
});

/** A disk whose power fails when an operation of a kind is to be done on such a path. */
function failingOn(kind: "openEnd" | "rename", path: RegExp): Disk {
  let isDead = false;
  const check = (name: string) => {
    isDead ||= path.test(name);
    if (isDead) throw new Error("the power fails");
  };
  return {
    ...DISK,
    [kind]: (from: string, to: string) => {
      check(kind === "rename" ? to : from);
      return DISK[kind](from, to);
    },
    // Nothing is tidied up either.
    unlink: (name) => {
      if (isDead) throw new Error("the power is off");
      DISK.unlink(name);
    },
  };
}

describe("a run whose power is cut", () => {
  it("before the first row is on record, cuts what it has in the file", async () => {
    const at = place();
    const output = { kind: "file", path: at.path } as const;
    await expect(
      run(at, output, failingOn("rename", /\.pending.[0-9a-f]+\.json$/)),
    ).rejects.toThrow();
    await expect(run(at, output, failingOn("openEnd", /index\.txt$/))).rejects.toThrow();
    expect(linesIn(readFileSync(at.path, "utf8"))).toHaveLength(2);
    await run(at, output);
    expect(linesIn(readFileSync(at.path, "utf8")).map(({ id }) => id)).toEqual(IDS);
    expect(indexed(at.folder)).toEqual(once);
  });

  it("before files on record are in their places, puts them there, and removes what is not", async () => {
    const at = place();
    const output = { kind: "fanned", folder: at.path } as const;
    await expect(run(at, output, failingOn("rename", /b\.key\.pem$/))).rejects.toThrow();
    writeFileSync(join(at.path, fannedPaths("b").folder, ".tmp-0123456789ab-x.key.pem"), "x");
    writeFileSync(join(at.folder, ".bulk", ".tmp-0123456789ab-0"), "x");
    const { made, earlier } = await run(at, output);
    expect([made, earlier]).toEqual([3, 2]);
    expect(filesBelow(at.path)).toEqual(fanned);
    expect(indexed(at.folder)).toEqual(once);
    expect([...leftOver(at.path), ...leftOver(at.folder)]).toEqual([]);
  });
});

describe("a run that is cut again while it goes on", () => {
  it("still makes no device twice", async () => {
    const at = place();
    const output = { kind: "file", path: at.path } as const;
    for (const failAt of [20, 9, 14]) {
      await expect(run(at, output, failingDisk(failAt).disk)).rejects.toThrow();
    }
    await run(at, output);
    expect(linesIn(readFileSync(at.path, "utf8")).map(({ id }) => id)).toEqual(IDS);
    expect(indexed(at.folder)).toEqual(once);
  });

  it("repeats on a stream what is on its way at each end, and no more rows than there are", async () => {
    const at = place();
    /** Takes so many batches. */
    const reader = (batches: number) => {
      const texts: string[] = [];
      const write = async (text: string) => {
        await Promise.resolve();
        if (texts.length === batches) throw LOST;
        texts.push(text);
      };
      return { texts, output: { kind: "stream", write } as const };
    };
    await expect(run(at, reader(1).output)).rejects.toBe(LOST);
    await expect(run(at, reader(0).output)).rejects.toBe(LOST);
    const last = reader(9);
    const { made, earlier, failed, repeated } = await run(at, last.output);
    expect([made, earlier, failed]).toEqual([1, 4, 0]);
    expect(repeated.map(({ id, before }) => [id, before.length])).toEqual([
      ["a", 2],
      ["b", 2],
      ["c", 1],
      ["d", 1],
    ]);
    expect(linesIn(last.texts.join("")).map(({ id }) => id)).toEqual(IDS);
  });

  it("repeats on a stream what no reader is known to have, until one has", async () => {
    const at = place();
    const lost = () => Promise.reject(LOST);
    for (let times = 0; times < 3; times += 1) {
      await expect(run(at, { kind: "stream", write: lost })).rejects.toBe(LOST);
    }
    let text = "";
    const { repeated } = await run(at, {
      kind: "stream",
      write: (more) => {
        text += more;
        return Promise.resolve();
      },
    });
    expect(linesIn(text).map(({ id }) => id)).toEqual(IDS);
    const [first] = repeated;
    expect(first).toMatchObject({ id: "a", before: expect.objectContaining({ length: 3 }) });
    expect(indexed(at.folder).a).toHaveLength(4);
  });
});

describe("a run that was interrupted", () => {
  const interrupted = async (output: (at: Place) => FleetOutput): Promise<Place> => {
    const at = place();
    let batches = 0;
    const disk: Disk = {
      ...DISK,
      // After the first batch, when the second one's rows are to be written.
      openEnd: (path) => {
        if (path.endsWith("index.txt")) batches += 1;
        if (batches > 1) throw new Error("the power fails");
        return DISK.openEnd(path);
      },
    };
    await expect(run(at, output(at), disk)).rejects.toThrow();
    return at;
  };
  const file = (at: Place): FleetOutput => ({ kind: "file", path: at.path });

  it("does not go on with another input", async () => {
    const at = await interrupted(file);
    const options = { issuer: chain.issuer(), now: () => NOW, output: file(at), run: RUN };
    for (const ids of [["a"], ["a", "x", "c", "d", "e"], ["b", "a"]]) {
      await expect(createFleet(at.folder, rowsOf(...ids), options)).rejects.toMatchObject({
        code: "exists",
        message: expect.stringContaining("from another input"),
      });
    }
    expect((await run(at, file(at))).earlier).toBeGreaterThan(0);
  });

  it("does not go on with a file that is gone, cut, or another", async () => {
    const at = await interrupted(file);
    const other = await interrupted(file);
    const path = at.path;
    const goOn = (output: string) => run(at, { kind: "file", path: output });
    await expect(goOn(other.path)).rejects.toMatchObject({ code: "exists" });
    await expect(goOn(`${path}-gone`)).rejects.toMatchObject({ code: "not-found" });
    expect(existsSync(`${path}-gone`)).toBe(false);
    expect((await goOn(path)).made).toBeGreaterThan(0);
  });

  it("does not go on into a file that a shell has emptied", async () => {
    const write = () => Promise.resolve();
    const at = await interrupted(() => ({ kind: "stream", write }));
    const emptied = run(at, { kind: "stream", write, fileSize: 0 });
    await expect(emptied).rejects.toMatchObject({
      code: "exists",
      message: expect.stringContaining("elsewhere"),
    });
    const texts: string[] = [];
    await run(at, {
      kind: "stream",
      fileSize: 7,
      write: (text) => {
        texts.push(text);
        return Promise.resolve();
      },
    });
    expect(texts[0]).toBe("\n");
  });

  it("is named by its journal where that is damaged, and nothing is changed", async () => {
    const at = await interrupted(file);
    const journal = join(at.folder, ".bulk", `${RUN}.json`);
    DISK.unlink(journal);
    DISK.close(DISK.create(journal, 0o600));
    const before = readdirSync(join(at.folder, "newcerts"));
    await expect(run(at, file(at))).rejects.toMatchObject({
      code: "damaged-folder",
      file: journal,
    });
    expect(readdirSync(join(at.folder, "newcerts"))).toEqual(before);
  });
});
