export interface TreeNode {
  /** The first is the node's own line, the others stand below it. */
  lines: readonly string[];
  children: readonly TreeNode[];
}

/** Draws trees, each node's children indented below it. */
export function drawTrees(roots: readonly TreeNode[]): string {
  return roots.flatMap((root) => [...draw(root), ""]).join("\n");
}

function draw({ lines: [head = "", ...details], children }: TreeNode): string[] {
  const stem = children.length > 0 ? "│  " : "   ";
  return [
    head,
    ...details.map((line) => stem + line),
    ...children.flatMap((child, index) => {
      const isLast = index === children.length - 1;
      const [first = "", ...rest] = draw(child);
      return [
        `${isLast ? "└─ " : "├─ "}${first}`,
        ...rest.map((line) => (isLast ? "   " : "│  ") + line),
      ];
    }),
  ];
}

/** Below it a tree begins anew: nobody reads one that is deeper. */
const MAX_DEPTH = 30;

/**
 * Builds trees of nodes that name their parents. A node whose parent is not there is a root; where
 * parents go round in a circle, the first of them in the list is.
 */
export function growTrees<T>(
  nodes: readonly T[],
  { idOf, parentOf, linesOf }: Growth<T>,
): TreeNode[] {
  const ids = new Set(nodes.map(idOf));
  const childrenOf = new Map<string, T[]>();
  for (const node of nodes) {
    const parent = parentOf(node);
    if (parent === undefined || !ids.has(parent)) continue;
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), node]);
  }
  const seen = new Set<string>();
  const grow = (node: T, depth: number): TreeNode[] => {
    const id = idOf(node);
    if (seen.has(id) || depth > MAX_DEPTH) return [];
    seen.add(id);
    const children = (childrenOf.get(id) ?? []).flatMap((child) => grow(child, depth + 1));
    return [{ lines: linesOf(node), children }];
  };
  const isRoot = (node: T) => !ids.has(parentOf(node) ?? "");
  return [...nodes.filter(isRoot), ...nodes].flatMap((node) => grow(node, 0));
}

export interface Growth<T> {
  idOf: (node: T) => string;
  parentOf: (node: T) => string | undefined;
  linesOf: (node: T) => readonly string[];
}
