import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { ServiceRequest, ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import { readService } from "../provisioning-service.ts";
import type { Reader } from "../store/store.ts";
import { type Condition, matches } from "./condition.ts";

/** Items of a page when the client names no number, and the most it can name. */
const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;
/** Entries that are looked at in one go where a condition picks some of them. */
const BATCH_SIZE = 200;

export type ItemType = "DeviceRegistration" | "Enrollment" | "EnrollmentGroup";

export interface PageInput {
  store: Reader;
  prefix: string;
  /** Which of the answered items belong to the query; all when undefined. */
  condition: Condition | undefined;
  headers: ServiceRequest["headers"];
  itemType: ItemType;
  answer: (value: unknown) => object;
}

/** One page of the entries under `prefix`; `x-ms-continuation` is there only when more follow. */
export function pageOf(input: PageInput): ServiceResponse {
  const size = pageSize(input.headers["x-ms-max-item-count"]);
  const { items, last } = collect(input, size);
  return {
    status: 200,
    headers: {
      "x-ms-item-type": input.itemType,
      "X-Content-Type-Options": "nosniff",
      ...(last === undefined ? {} : { "x-ms-continuation": continuation(input, last) }),
    },
    body: items,
  };
}

/** `last` is the key of the page's last item; undefined when nothing follows it. */
function collect(input: PageInput, size: number): { items: object[]; last?: string } {
  const { store, prefix, condition, answer } = input;
  const limit = condition === undefined ? size + 1 : BATCH_SIZE;
  const items: object[] = [];
  let last = "";
  let after = readContinuation(input);
  for (;;) {
    const batch = store.list(prefix, { after, limit });
    for (const { key, value } of batch) {
      after = key;
      const item = answer(value);
      if (condition !== undefined && !matches(condition, item)) continue;
      if (items.length === size) return { items, last };
      items.push(item);
      last = key;
    }
    if (batch.length < limit) return { items };
  }
}

function pageSize(header: string | undefined): number {
  if (header === undefined) return DEFAULT_PAGE_SIZE;
  const size = /^\d{1,9}$/.test(header) ? Number(header) : 0;
  if (size < 1) throw new Refusal("bad-request", "x-ms-max-item-count is not a positive number.");
  return Math.min(size, MAX_PAGE_SIZE);
}

function continuation(input: PageInput, after: string): string {
  const [token, proof] = [Buffer.from(after), proofOf(input, after)];
  const part = { token: token.toString("base64url"), proof: proof.toString("base64url") };
  return Buffer.from(JSON.stringify([part])).toString("base64");
}

/** Ties a continuation to this state and to the query that it was answered to. */
function proofOf({ store, prefix, condition }: PageInput, after: string): Buffer {
  const { tokenKey } = readService(store);
  const key = hkdfSync("sha256", tokenKey, "", "x-ms-continuation", 32);
  const text = JSON.stringify([prefix, condition ?? null, after]);
  return createHmac("sha256", Buffer.from(key)).update(text).digest();
}

function readContinuation(input: PageInput): string | undefined {
  const header = input.headers["x-ms-continuation"];
  if (header === undefined || header === "") return undefined;
  const { token, proof } = partOf(header);
  if (typeof token === "string" && typeof proof === "string") {
    const after = Buffer.from(token, "base64url").toString();
    const [sent, wanted] = [Buffer.from(proof, "base64url"), proofOf(input, after)];
    if (sent.length === wanted.length && timingSafeEqual(sent, wanted)) return after;
  }
  throw new Refusal("continuation-refused");
}

function partOf(header: string): { token?: unknown; proof?: unknown } {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
    return (Array.isArray(parsed) && parsed[0]) || {};
  } catch {
    return {};
  }
}
