export type Literal = string | number | boolean | null;
export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** What stands behind WHERE. */
export type Condition =
  | { path: readonly string[]; operator: Operator; value: Literal }
  | { not: Condition }
  | { and: readonly Condition[] }
  | { or: readonly Condition[] };

/**
 * Whether an item meets a condition. A member that is absent equals null; values of different types
 * are unequal, and none is less than the other. Ids ignore case, as they do everywhere.
 */
export function matches(condition: Condition, item: object): boolean {
  if ("not" in condition) return !matches(condition.not, item);
  if ("and" in condition) return condition.and.every((part) => matches(part, item));
  if ("or" in condition) return condition.or.some((part) => matches(part, item));
  const { path, operator, value } = condition;
  const name = path.at(-1) ?? "";
  return compare(operator, comparable(name, valueAt(item, path)), comparable(name, value));
}

function valueAt(item: object, path: readonly string[]): unknown {
  let value: unknown = item;
  for (const name of path) {
    const isMember = typeof value === "object" && value !== null && Object.hasOwn(value, name);
    if (!isMember) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return value ?? null;
}

/** Points in time are written with or without a fraction: as text their order would be another. */
function comparable(name: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (/^(registrationId|enrollmentGroupId)$/.test(name)) return value.toLowerCase();
  const time = name.endsWith("Utc") ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? value : time;
}

function compare(operator: Operator, left: unknown, right: unknown): boolean {
  if (operator === "=") return left === right;
  if (operator === "!=") return left !== right;
  const ordered =
    (typeof left === "string" && typeof right === "string") ||
    (typeof left === "number" && typeof right === "number");
  if (!ordered) return false;
  if (operator === "<") return left < right;
  if (operator === "<=") return left <= right;
  return operator === ">" ? left > right : left >= right;
}
