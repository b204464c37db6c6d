import { describe, expect, it } from "vitest";
import { drawTrees, growTrees } from "./tree.ts";

interface Named {
  name: string;
  above?: string;
}

const draw = (...nodes: Named[]) =>
  drawTrees(
    growTrees(nodes, {
      idOf: ({ name }) => name,
      parentOf: ({ above }) => above,
      linesOf: ({ name }) => [name, `the details of ${name}`],
    }),
  );

describe("trees", () => {
  it("are drawn from the root down, whatever the order, each line below its node", () => {
    expect(
      draw(
        { name: "leaf", above: "middle" },
        { name: "root" },
        { name: "other", above: "root" },
        { name: "middle", above: "root" },
      ),
    ).toBe(
      `root
│  the details of root
├─ other
│     the details of other
└─ middle
   │  the details of middle
   └─ leaf
         the details of leaf
`,
    );
  });

  it("begin anew where a parent is not there", () => {
    expect(draw({ name: "a", above: "gone" }, { name: "b" }).match(/^\w$/gm)).toEqual(["a", "b"]);
  });

  it("begin anew below a depth that nobody reads", () => {
    const deep = Array.from({ length: 5000 }, (_, at) => ({ name: `n${at}`, above: `n${at - 1}` }));
    const text = draw(...deep);
    expect(text.match(/of n\d+$/gm)).toHaveLength(5000);
    expect(text).toContain("\nn31\n");
  });

  it("end where parents go round in a circle, and lose nobody", () => {
    const text = draw(
      { name: "a", above: "b" },
      { name: "b", above: "a" },
      { name: "c", above: "c" },
    );
    for (const name of ["a", "b", "c"]) {
      expect(text.split("\n").filter((line) => line.endsWith(`of ${name}`))).toHaveLength(1);
    }
  });
});
