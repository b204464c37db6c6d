/** What a row of an input says of a device that is to be made. */
import { isIP } from "node:net";
import type { BadRow, InputRow as FleetInputRow, FleetRow, Names } from "@dps-certs/ca-tools";
import { deviceIdProblem } from "@dps-certs/dps-protocol";
import { quote } from "../../args.ts";
import { CliError } from "../../errors.ts";
import type { InputRow } from "../rows/input-rows.ts";

/** The last four are one list of names: host names and addresses. */
export const BULK_COLUMNS = ["id", "cn", "registrationId", "days", "san", "dns", "ip"] as const;
type Column = (typeof BULK_COLUMNS)[number];

export const MAX_DAYS = 36_500;

type Values = Readonly<Partial<Record<Column, unknown>>>;

/** Reads a row; one that names no device says why. */
export function readBulkRow(row: InputRow): FleetInputRow {
  const { line } = row;
  if ("problem" in row) return badRow(line, row.problem);
  const values: Values = row.values;
  const unknown = Object.keys(values).find((name) => !isColumn(name));
  if (unknown !== undefined) return badRow(line, `${quote(unknown)} is no member of a row`);
  const ids = [values.id, values.cn, values.registrationId].filter((id) => id !== undefined);
  const [id] = ids;
  if (ids.length !== 1) {
    return badRow(line, id === undefined ? "it has no id" : "it has several ids");
  }
  if (typeof id !== "string") return badRow(line, "its id is not a text");
  const problem = deviceIdProblem(id);
  if (problem) return badRow(line, `${quote(id)} cannot be a device's registration id: ${problem}`);
  return describedRow({ line, id }, values);
}

const isColumn = (name: string): boolean => (BULK_COLUMNS as readonly string[]).includes(name);

function describedRow(row: { line: number; id: string }, values: Values): FleetInputRow {
  const days = values.days === undefined ? undefined : daysOf(values.days);
  if (days !== undefined && Number.isNaN(days)) {
    return badRow(row.line, `its days are not a whole number from 1 to ${MAX_DAYS}`, row.id);
  }
  const [san, dns, ip] = [values.san, values.dns, values.ip].map(listOf);
  if (san === undefined || dns === undefined || ip === undefined) {
    return badRow(row.line, "its names are neither a text nor a list of texts", row.id);
  }
  return { ...row, ...namesOf(san, dns, ip), ...(days !== undefined && { days }) } as FleetRow;
}

function daysOf(value: unknown): number {
  const isWhole = typeof value === "number" || /^\d{1,5}$/.test(String(value));
  const days = Number(value);
  return isWhole && Number.isInteger(days) && days >= 1 && days <= MAX_DAYS ? days : Number.NaN;
}

/** A list, or a text with commas, semicolons or blanks between; undefined for anything else. */
function listOf(value: unknown): string[] | undefined {
  if (value === undefined) return [];
  if (typeof value === "string") return value.split(/[\s,;]+/).filter((part) => part !== "");
  const isList = Array.isArray(value) && value.every((one) => typeof one === "string");
  return isList ? (value as string[]) : undefined;
}

/** `DNS:a.example` and `IP:10.0.0.5`, as openssl has them, or without the words. */
function namesOf(san: string[], dns: string[], ip: string[]): { names?: Names } {
  const named = san.map((entry) => /^(?:(dns|ip|ip address):)?(.*)$/i.exec(entry) ?? []);
  const isAddress = ([, kind = "", name = ""]: string[]) =>
    kind === "" ? isIP(name) !== 0 : kind.toLowerCase() !== "dns";
  const texts = (found: string[][]) => found.map(([, , name = ""]) => name);
  const names = {
    dns: [...dns, ...texts(named.filter((entry) => !isAddress(entry)))],
    ip: [...ip, ...texts(named.filter(isAddress))],
  };
  return names.dns.length + names.ip.length > 0 ? { names } : {};
}

const badRow = (line: number, problem: string, id?: string): BadRow => ({
  line,
  ...(id !== undefined && { id }),
  problem: new CliError("bad-row", problem),
});
