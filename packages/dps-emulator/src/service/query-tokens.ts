import { Refusal } from "../problems.ts";

/** A piece of a query; the last one is the end. */
export interface Token {
  kind: "word" | "number" | "string" | "symbol" | "end";
  /** Of a string what it stands for, without its quotes. */
  text: string;
  /** Where it begins in the query. */
  at: number;
}

/** A word is a keyword or the path of a member: names with dots between them. */
const TOKEN =
  /(?<word>[A-Za-z_$][\w$-]*(?:\.[\w$-]+)*)|(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<string>'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*")|(?<symbol><=|>=|<>|!=|[=<>()*;])/suy;
const SPACE = /\s*/y;

/** @throws {Refusal} `bad-request` that says where a character fits nowhere */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) {
      const message = `The query is not understood at character ${at + 1}: nothing begins like this.`;
      throw new Refusal("bad-request", message);
    }
    tokens.push(tokenOf(groups, at));
    at = skipSpace(text, TOKEN.lastIndex);
  }
  return [...tokens, { kind: "end", text: "", at }];
}

function skipSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  return at + (SPACE.exec(text)?.[0].length ?? 0);
}

function tokenOf(groups: Record<string, string | undefined>, at: number): Token {
  const { word, number, string, symbol = "" } = groups;
  if (word !== undefined) return { kind: "word", text: word, at };
  if (number !== undefined) return { kind: "number", text: number, at };
  if (string !== undefined) return { kind: "string", text: unquote(string), at };
  return { kind: "symbol", text: symbol, at };
}

/** A quote inside a text is doubled, or stands behind a backslash. */
function unquote(quoted: string): string {
  const quote = quoted.charAt(0);
  const inner = quoted.slice(1, -1);
  return inner.replace(/\\(.)|''|""/gs, (pair, escaped?: string) => {
    if (escaped !== undefined) return escaped;
    return pair.charAt(0) === quote ? quote : pair;
  });
}
