import { deviceIdProblem, idProblem } from "@dps-certs/dps-protocol";
import { usageError } from "./errors.ts";

/**
 * What the command line said, read with types. Every value arrives as a string (an id `1e3` stays
 * `1e3`); numbers are read here, with bounds.
 */
export class Args {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  flag(name: string): boolean {
    const value = this.#values[name];
    return Array.isArray(value) ? value.includes(true) : value === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    if (Array.isArray(value)) throw usageError(`--${name} is given more than once`);
    if (value === "") throw usageError(`--${name} needs a value`);
    return typeof value === "string" ? value : undefined;
  }

  /** The value of an option that has a default. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw usageError(`--${name} needs a value`);
    return value;
  }

  positional(name: string): string {
    const value = this.#values[name];
    if (typeof value === "string" && value !== "") return value;
    throw usageError(`<${name}> is empty`);
  }

  optionalPositional(name: string): string | undefined {
    return this.#values[name] === undefined ? undefined : this.positional(name);
  }

  texts(name: string): string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** Names with commas between them; none where the option is not given. */
  names(name: string): string[] {
    const parts = this.text(name)?.split(",") ?? [];
    if (parts.every((part) => part.trim() !== "")) return parts.map((part) => part.trim());
    throw usageError(`--${name} has an empty name between its commas`);
  }

  integer(name: string, { min, max }: { min: number; max: number }): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw usageError(`--${name} must be a whole number from ${min} to ${max}, not ${quote(text)}`);
  }

  groupId(name = "group"): string {
    const id = this.positional(name);
    const problem = idProblem(id);
    if (problem) throw usageError(`${quote(id)} cannot be an enrollment group's id: ${problem}`);
    return id;
  }

  deviceIds(name: string): string[] {
    const ids = this.texts(name);
    for (const id of ids) checkDeviceId(id);
    return ids;
  }
}

export function checkDeviceId(id: string): void {
  const problem = deviceIdProblem(id);
  if (problem) throw usageError(`${quote(id)} cannot be a device's registration id: ${problem}`);
}

/** Text from outside in a message: quoted, and cut. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 140 ? `${text.slice(0, 140)}…` : text);
}
