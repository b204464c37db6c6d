import { MAX_ROW_LENGTH } from "./text-lines.ts";

export interface JsonElement {
  /** On which it begins, from 1. */
  line: number;
  /** Its text; undefined where it is longer than {@link MAX_ROW_LENGTH}. */
  text: string | undefined;
  /** The input ended within it: what looked like its inside may have been other elements. */
  isOpen?: boolean;
}

/** How far the text has been looked at. */
interface State {
  line: number;
  began: number;
  /** Brackets that are open within the element. */
  depth: number;
  inString: boolean;
  isEscaped: boolean;
  /** Nothing but blanks has been seen. */
  isFirst: boolean;
  /** Of the element that is being read; undefined between elements. */
  text: string | undefined;
  isTooLong: boolean;
}

const [QUOTE, BACKSLASH, COMMA, LINE_FEED] = [0x22, 0x5c, 0x2c, 0x0a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** All that is below it, blanks among it, stands between values. */
const AFTER_BLANK = 0x21;

/**
 * The elements of a JSON array, or JSON values that follow one another, without holding more than one
 * of them. Only where an element begins and ends is looked at: whether it is JSON is for its reader.
 */
export async function* jsonElements(
  chunks: AsyncIterable<string>,
): AsyncGenerator<JsonElement, void, undefined> {
  const state: State = {
    line: 1,
    began: 1,
    depth: 0,
    inString: false,
    isEscaped: false,
    isFirst: true,
    text: undefined,
    isTooLong: false,
  };
  for await (const chunk of chunks) yield* scan(state, chunk);
  const isOpen = state.depth > 0 || state.inString;
  for (const element of take(state)) yield { ...element, isOpen };
}

function scan(state: State, chunk: string): JsonElement[] {
  const elements: JsonElement[] = [];
  let from = 0;
  const finish = (to: number) => {
    if (state.text !== undefined) keep(state, chunk.slice(from, to));
    elements.push(...take(state));
  };
  for (let at = 0; at < chunk.length; at += 1) {
    const code = chunk.charCodeAt(at);
    const place = step(state, code);
    if (place !== "outside" && begin(state)) from = at;
    if (place !== "inside") finish(place === "last" ? at + 1 : at);
    if (code === LINE_FEED) state.line += 1;
  }
  if (state.text !== undefined) keep(state, chunk.slice(from));
  return elements;
}

/** @returns whether an element begins here */
function begin(state: State): boolean {
  if (state.text !== undefined) return false;
  state.text = "";
  state.began = state.line;
  return true;
}

/** Where a character stands; an object or a list ends with its bracket, whatever follows. */
function step(state: State, code: number): "outside" | "inside" | "last" {
  if (state.inString) {
    stepInString(state, code);
    return "inside";
  }
  if (state.depth === 0 && isBetween(state, code)) return "outside";
  if (code === QUOTE) state.inString = true;
  if (code === OPEN_OBJECT || code === OPEN_LIST) state.depth += 1;
  if (code !== CLOSE_OBJECT && code !== CLOSE_LIST) return "inside";
  state.depth = Math.max(0, state.depth - 1);
  return state.depth === 0 ? "last" : "inside";
}

function stepInString(state: State, code: number): void {
  if (state.isEscaped) state.isEscaped = false;
  else if (code === BACKSLASH) state.isEscaped = true;
  else if (code === QUOTE) state.inString = false;
}

/** The brackets of the array itself belong to no element. */
function isBetween(state: State, code: number): boolean {
  if (code < AFTER_BLANK) return true;
  const isArray = state.isFirst && code === OPEN_LIST;
  state.isFirst = false;
  return isArray || code === COMMA || code === CLOSE_LIST;
}

function keep(state: State, part: string): void {
  state.text += part;
  if ((state.text?.length ?? 0) <= MAX_ROW_LENGTH) return;
  state.isTooLong = true;
  state.text = "";
}

function take(state: State): JsonElement[] {
  const { text, isTooLong, began: line } = state;
  Object.assign(state, { text: undefined, isTooLong: false });
  if (text === undefined) return [];
  return [{ line, text: isTooLong ? undefined : text }];
}
