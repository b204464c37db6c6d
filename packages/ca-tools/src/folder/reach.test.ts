import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildScripts, runChild } from "../testing/children.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { changePki, openPki, type Plan } from "./pki.ts";
import { refuseFarMoves } from "./reach.ts";

const PLAN: Plan = { files: [{ path: "certs/a.cert.pem", data: "new" }], rows: ["row"] };
const change = (folder: string, plan = PLAN) => changePki(folder, () => plan);

/** A folder, and another beside it that is none of its business. */
async function withNeighbour(): Promise<{ folder: string; neighbour: string }> {
  const parent = scratch();
  const [folder, neighbour] = [join(parent, "pki"), join(parent, "neighbour")];
  mkdirSync(neighbour);
  writeFileSync(join(neighbour, "mine"), "mine");
  await changePki(folder, () => ({ files: [] }));
  return { folder, neighbour };
}

/** Gives the folder to a user who may not write its index.txt. */
function handOver(folder: string, user: number): void {
  chmodSync(join(folder, "index.txt"), 0o444);
  chmodSync(dirname(folder), 0o755);
  for (const path of ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })]) {
    chownSync(join(folder, path), user, user);
  }
}

beforeAll(buildScripts, 60_000);

describe("a change", () => {
  it.each(["certs", "private", "newcerts", "crl", ".pending", "index.txt"])(
    "is refused where %s is a link that leads out of the folder",
    async (name) => {
      const { folder, neighbour } = await withNeighbour();
      const [here, there] = [join(folder, name), join(neighbour, "theirs")];
      if (existsSync(here)) renameSync(here, there);
      else mkdirSync(there);
      symlinkSync(there, here);
      const before = snapshot(neighbour);
      await expect(change(folder)).rejects.toMatchObject({ code: "damaged-folder", file: here });
      expect(snapshot(neighbour)).toEqual(before);
    },
  );

  it("goes into a folder that is a link itself", async () => {
    const { folder } = await withNeighbour();
    const link = `${folder}-link`;
    symlinkSync("pki", link);
    await change(link);
    expect(readFileSync(join(folder, "certs/a.cert.pem"), "utf8")).toBe("new");
  });

  it("moves nothing into an archive that is a link", async () => {
    const { folder, neighbour } = await withNeighbour();
    await change(folder);
    symlinkSync(neighbour, join(folder, "old-1"));
    const moves = [{ from: "certs/a.cert.pem", to: "old-1/certs/a.cert.pem" }];
    await expect(change(folder, { files: [], moves })).rejects.toMatchObject({
      code: "damaged-folder",
      file: join(folder, "old-1"),
    });
    expect(readdirSync(neighbour)).toEqual(["mine"]);
  });

  const shm = "/dev/shm";
  const isFar = existsSync(shm) && statSync(shm).dev !== statSync(tmpdir()).dev;
  it.skipIf(!isFar)("is refused before it begins where a rename could not move files", async () => {
    const { folder } = await withNeighbour();
    rmSync(join(folder, "private"), { recursive: true });
    // As a mount would be.
    symlinkSync(shm, join(folder, "private"));
    await expect(refuseFarMoves(folder, ["certs/a", "private/a"])).rejects.toMatchObject({
      code: "not-writable",
      file: join(folder, "private"),
    });
    await refuseFarMoves(folder, ["certs/a", "index.txt"]);
  });

  it("is refused before it begins where a folder stands in a file's place", async () => {
    const { folder } = await withNeighbour();
    mkdirSync(join(folder, "certs/a.cert.pem"));
    const before = snapshot(folder);
    const files = [{ path: "certs/a.cert.pem", data: "new", replace: true }];
    await expect(change(folder, { files })).rejects.toMatchObject({
      code: "not-writable",
      file: join(folder, "certs/a.cert.pem"),
    });
    expect(snapshot(folder)).toEqual(before);
    expect(readdirSync(join(folder, ".pending"))).toEqual([]);
  });

  it.skipIf(process.getuid?.() !== 0)(
    "is refused before it begins where index.txt is read-only",
    async () => {
      const { folder } = await withNeighbour();
      await changePki(folder, () => ({
        files: [{ path: "certs/dev.cert.pem", data: "old" }],
        rows: ["row"],
      }));
      handOver(folder, 65534);
      const { stdout } = await runChild("change-folder.js", [folder, "replace"], { runAs: 65534 });
      expect(JSON.parse(stdout)).toMatchObject({
        code: "not-writable",
        file: join(folder, "index.txt"),
      });
      expect(readFileSync(join(folder, "certs/dev.cert.pem"), "utf8")).toBe("old");
      expect(readdirSync(join(folder, ".pending"))).toEqual([]);
    },
  );
});

describe("an intent that others wrote", () => {
  it.each([
    { files: [{ from: ".tmp-1", to: "x/mine" }] },
    { files: [{ from: "x/.tmp-1", to: "certs/a.cert.pem" }] },
    { files: [{ from: ".tmp-1", to: ".bashrc" }] },
    { files: [{ from: ".tmp-1", to: "certs/x/mine" }] },
    { moves: [{ from: "x/mine", to: "old-1/certs/mine" }] },
    { moves: [{ from: "certs/a.cert.pem", to: "old-1/x/a" }] },
    { moves: [{ from: "certs/a.cert.pem", to: "old-1" }] },
  ])("is not carried out: %j", async (crafted) => {
    const { folder, neighbour } = await withNeighbour();
    await change(folder);
    symlinkSync(neighbour, join(folder, "x"));
    writeFileSync(join(folder, ".tmp-1"), "theirs");
    cpSync(join(folder, ".tmp-1"), join(neighbour, ".tmp-1"));
    const intent = { moves: [], files: [], rows: [], ...crafted };
    writeFileSync(join(folder, ".pending", "1.json"), JSON.stringify(intent));
    await expect(openPki(folder)).rejects.toMatchObject({ code: "damaged-folder" });
    expect(readFileSync(join(neighbour, "mine"), "utf8")).toBe("mine");
    expect(readFileSync(join(folder, "certs/a.cert.pem"), "utf8")).toBe("new");
    expect(existsSync(join(folder, ".bashrc"))).toBe(false);
  });
});
