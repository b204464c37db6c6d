import { describe, expect, it } from "vitest";
import type { Context } from "../../command.ts";
import { silent } from "../../testing/silent.ts";
import { deleteNamed, findNamed } from "./deletion.ts";

const contextWith = (confirm: ((question: string) => Promise<boolean>) | undefined, yes = false) =>
  ({ io: { confirm }, report: silent, yes }) as unknown as Context;

function thing(name: string, error?: { code: string }) {
  const removed: string[] = [];
  const remove = () => {
    if (error) return Promise.reject(Object.assign(new Error(name), error));
    removed.push(name);
    return Promise.resolve();
  };
  return { title: "thing", name, remove, removed };
}

describe("deleting", () => {
  it("asks once for all, and deletes in order", async () => {
    const questions: string[] = [];
    const context = contextWith((question) => {
      questions.push(question);
      return Promise.resolve(true);
    });
    const [a, b] = [thing("a"), thing("b")];
    expect(await deleteNamed(context, [a, b])).toEqual([
      { name: "a", deleted: true },
      { name: "b", deleted: true },
    ]);
    expect(questions).toEqual(["Delete 2 things?"]);
    expect([a.removed, b.removed]).toEqual([["a"], ["b"]]);
  });

  it.each([
    ["nobody can be asked", undefined],
    ["somebody says no", () => Promise.resolve(false)],
  ])("deletes nothing where %s", async (_name, confirm) => {
    const a = thing("a");
    await expect(deleteNamed(contextWith(confirm), [a])).rejects.toMatchObject({
      code: "not-confirmed",
    });
    expect(a.removed).toEqual([]);
    await deleteNamed(contextWith(confirm, true), [a]);
    expect(a.removed).toEqual(["a"]);
  });

  it("takes for gone what vanishes meanwhile, and for an error what else fails", async () => {
    const context = contextWith(undefined, true);
    expect(await deleteNamed(context, [thing("a", { code: "not-found" })])).toEqual([
      { name: "a", deleted: false },
    ]);
    await expect(
      deleteNamed(context, [thing("a", { code: "etag-mismatch" })]),
    ).rejects.toMatchObject({ code: "etag-mismatch" });
  });

  it("finds each once, and names all that are not there", async () => {
    const find = (name: string) => Promise.resolve(name.startsWith("x") ? undefined : { name });
    const search = { title: "thing", hint: "look", find };
    expect(await findNamed(["a", "A", "b"], search)).toEqual([{ name: "A" }, { name: "b" }]);
    await expect(findNamed(["a", "x1", "x2"], search)).rejects.toMatchObject({
      code: "not-found",
      message: "the service has no thing x1, x2",
      hint: "look",
    });
  });
});
