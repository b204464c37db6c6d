import { elements, within } from "./der.ts";
import {
  type GeneralName,
  type ReadName,
  readGeneralName,
  showGeneralName,
} from "./general-names.ts";

/** A GeneralSubtree: all names below its base (RFC 5280 §4.2.1.10). */
export interface Subtree {
  base: ReadName;
  /** Whether minimum or maximum is there, which RFC 5280 does not allow and nobody processes. */
  isLimited: boolean;
}

export interface ReadNameConstraints {
  permitted: readonly Subtree[];
  excluded: readonly Subtree[];
}

const SEQUENCE = 0x30;
const PERMITTED = 0xa0;
const EXCLUDED = 0xa1;

/**
 * Reads a NameConstraints' value.
 *
 * @throws {Error} when it is not DER of one
 */
export function readNameConstraints(value: Uint8Array): ReadNameConstraints {
  const lists = within(value, SEQUENCE);
  const tags = lists.map(({ tag }) => tag).join();
  if (!["", `${PERMITTED}`, `${EXCLUDED}`, `${PERMITTED},${EXCLUDED}`].includes(tags)) {
    throw new Error("not name constraints");
  }
  const of = (wanted: number) =>
    lists.filter(({ tag }) => tag === wanted).flatMap(({ content }) => subtrees(content));
  return { permitted: of(PERMITTED), excluded: of(EXCLUDED) };
}

function subtrees(content: Uint8Array): Subtree[] {
  // DER leaves out a minimum of 0 (X.690 §11.5), so whatever follows the base is a limit.
  return elements(content).map(({ tag, content: parts }) => {
    const [base, ...limits] = tag === SEQUENCE ? elements(parts) : [];
    if (base === undefined) throw new Error("not a subtree");
    return { base: readGeneralName(base), isLimited: limits.length > 0 };
  });
}

/** What {@link readNameConstraints} read, for people. */
export function showNameConstraints({ permitted, excluded }: ReadNameConstraints): {
  permitted: GeneralName[];
  excluded: GeneralName[];
} {
  const show = (list: readonly Subtree[]) => list.map(({ base }) => showGeneralName(base));
  return { permitted: show(permitted), excluded: show(excluded) };
}
