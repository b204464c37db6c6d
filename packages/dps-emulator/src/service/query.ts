import { QuerySpecification } from "@dps-certs/dps-protocol";
import { readBody } from "../http/body.ts";
import { Refusal } from "../problems.ts";
import type { Condition, Literal, Operator } from "./condition.ts";
import { type Token, tokenize } from "./query-tokens.ts";

/** Parentheses and NOTs inside each other: each is a call inside a call. */
const MAX_DEPTH = 64;
const OPERATORS: Readonly<Record<string, Operator>> = {
  "=": "=",
  "!=": "!=",
  "<>": "!=",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};
const CONSTANTS: ReadonlyMap<string, Literal> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/**
 * Reads the body of a query.
 *
 * @param fields - members that WHERE may begin with
 * @returns what an item must meet; undefined when all do
 * @throws {Refusal} `malformed-body`, `bad-request`
 */
export function readQuery(body: Uint8Array, fields: readonly string[]): Condition | undefined {
  const { query } = readBody(QuerySpecification, body, "a query");
  return parseQuery(query, fields);
}

/**
 * Parses `SELECT * [FROM name] [WHERE condition]`, or `*` for all. A condition compares members,
 * named by their path, with texts, numbers, true, false and null by `=` `!=` `<>` `<` `<=` `>` `>=`,
 * and joins comparisons by NOT, AND, OR and parentheses.
 *
 * @throws {Refusal} `bad-request` that says where the text stops making sense
 */
export function parseQuery(text: string, fields: readonly string[]): Condition | undefined {
  const parser = parserOf(tokenize(unwrap(text)), fields);
  return parser();
}

/** One CLI sends a Python dictionary as the query's text. */
function unwrap(text: string): string {
  if (!text.trimStart().startsWith("{")) return text;
  const quoted = /['"]query['"]\s*:\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  return quoted === undefined ? text : quoted.slice(1, -1).replace(/\\(.)/g, "$1");
}

function parserOf(tokens: readonly Token[], fields: readonly string[]) {
  let at = 0;
  const peek = (): Token => tokens[at] ?? { kind: "end", text: "", at: 0 };
  const isNext = (text: string) =>
    peek().kind !== "string" && peek().text.toUpperCase() === text.toUpperCase();
  const take = (text: string): boolean => {
    if (!isNext(text) || peek().kind === "end") return false;
    at += 1;
    return true;
  };
  const refuse = (expected: string): never => {
    const where = peek().kind === "end" ? "its end" : `character ${peek().at + 1}`;
    throw new Refusal("bad-request", `The query is not understood at ${where}: ${expected}.`);
  };

  const query = (): Condition | undefined => {
    if (tokens.length === 2 && take("*")) return undefined;
    if (!take("SELECT")) refuse('only "SELECT *" is answered');
    if (!take("*")) refuse('"*" is expected, no single members are answered');
    const source = take("FROM") ? name() : undefined;
    const condition = take("WHERE") ? disjunction(source, 0) : undefined;
    take(";");
    if (peek().kind !== "end") refuse("only FROM and WHERE may follow, no ORDER BY or GROUP BY");
    return condition;
  };

  const name = (): string => {
    const token = peek();
    if (token.kind !== "word") return refuse("a name is expected");
    at += 1;
    return token.text;
  };

  const disjunction = (source: string | undefined, depth: number): Condition => {
    const parts = [conjunction(source, depth)];
    while (take("OR")) parts.push(conjunction(source, depth));
    return parts.length === 1 ? (parts[0] as Condition) : { or: parts };
  };

  const conjunction = (source: string | undefined, depth: number): Condition => {
    const parts = [term(source, depth)];
    while (take("AND")) parts.push(term(source, depth));
    return parts.length === 1 ? (parts[0] as Condition) : { and: parts };
  };

  const term = (source: string | undefined, depth: number): Condition => {
    if (depth === MAX_DEPTH) refuse("it is nested too deeply");
    if (take("NOT")) return { not: term(source, depth + 1) };
    if (!take("(")) return comparison(source);
    const inner = disjunction(source, depth + 1);
    if (!take(")")) refuse('")" is expected');
    return inner;
  };

  const comparison = (source: string | undefined): Condition => {
    const path = field(source);
    const operator = OPERATORS[peek().kind === "symbol" ? peek().text : ""];
    if (operator === undefined) return refuse("one of = != <> < <= > >= is expected");
    at += 1;
    return { path, operator, value: literal() };
  };

  const field = (source: string | undefined): string[] => {
    const { kind, text } = peek();
    if (kind !== "word") refuse("the name of a member is expected");
    const parts = text.split(".");
    const path = parts.length > 1 && parts[0] === source ? parts.slice(1) : parts;
    if (!fields.includes(path[0] ?? "")) refuse(`the members are ${fields.join(", ")}`);
    at += 1;
    return path;
  };

  const literal = (): Literal => {
    const { kind, text } = peek();
    const constant = kind === "word" ? CONSTANTS.get(text.toLowerCase()) : undefined;
    if (constant === undefined && kind !== "string" && kind !== "number") {
      return refuse("a text in quotes, a number, true, false or null is expected");
    }
    at += 1;
    if (constant !== undefined) return constant;
    return kind === "number" ? Number(text) : text;
  };

  return query;
}
