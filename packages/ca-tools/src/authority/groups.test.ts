import { describe, expect, it } from "vitest";
import { FIRST_INTERMEDIATE } from "../folder/layout.ts";
import { openPki } from "../folder/pki.ts";
import { NOW } from "../testing/authority.ts";
import { scratch } from "../testing/scratch.ts";
import { createIntermediate, createRoot } from "./create-ca.ts";
import { createChain } from "./create-chain.ts";
import { assignGroup, lowestCas, sameGroup } from "./groups.ts";

const root = { commonName: "Factory Root CA", now: NOW };
const intermediate = { commonName: "Factory Intermediate CA", now: NOW, group: null };
const groupsOf = async (folder: string) =>
  (await openPki(folder))?.cas.map(({ name, group }) => [name, group]);

describe("sameGroup", () => {
  it("does not tell letter case apart", () => {
    expect(sameGroup("Line-1", "line-1")).toBe(true);
    expect(sameGroup("line-1", "line-2")).toBe(false);
    expect(sameGroup(null, "line-1")).toBe(false);
  });
});

describe("lowestCas", () => {
  it("are those that issued no other, the longest chain's first", async () => {
    const folder = scratch();
    const commonNames = ["Root CA", "First CA", "Second CA"];
    await createChain(folder, { commonNames, now: NOW });
    await createIntermediate(folder, { ...intermediate, group: "line-1" });
    const registry = (await openPki(folder)) ?? { version: 1, cas: [] };
    expect(lowestCas(registry).map(({ name }) => name)).toEqual(["intermediate-2", "line-1"]);
  });

  it("ends where a damaged list of CAs goes round in a circle", () => {
    const ca = (name: string, issuer: string) => {
      return { name, issuer, file: "", sha256: "", group: null, generation: 1 };
    };
    const cas = [ca("a", "b"), ca("b", "a"), ca("c", "b")];
    expect(lowestCas({ version: 1, cas }).map(({ name }) => name)).toEqual(["c"]);
  });
});

describe("assignGroup", () => {
  async function folderWithFree(): Promise<string> {
    const folder = scratch();
    await createRoot(folder, root);
    await createIntermediate(folder, intermediate);
    return folder;
  }

  it("gives a free CA to a group, once", async () => {
    const folder = await folderWithFree();
    await assignGroup(folder, FIRST_INTERMEDIATE, "line-1");
    await assignGroup(folder, FIRST_INTERMEDIATE, "LINE-1");
    expect(await groupsOf(folder)).toContainEqual([FIRST_INTERMEDIATE, "line-1"]);
  });

  it("does not take it from another group", async () => {
    const folder = await folderWithFree();
    await assignGroup(folder, FIRST_INTERMEDIATE, "line-1");
    const other = assignGroup(folder, FIRST_INTERMEDIATE, "line-2");
    await expect(other).rejects.toMatchObject({ code: "exists" });
    expect(await groupsOf(folder)).toContainEqual([FIRST_INTERMEDIATE, "line-1"]);
  });

  it("gives a CA that two ask for at once to one of them", async () => {
    const folder = await folderWithFree();
    const groups = ["line-1", "line-2", "line-3"];
    const asked = await Promise.allSettled(
      groups.map((group) => assignGroup(folder, FIRST_INTERMEDIATE, group)),
    );
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("knows no CA that is not there", async () => {
    const missing = assignGroup(await folderWithFree(), "line-9", "line-9");
    await expect(missing).rejects.toMatchObject({ code: "not-found" });
  });
});
