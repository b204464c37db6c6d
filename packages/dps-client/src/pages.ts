import { DpsClientError } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import type { Transport } from "./transport.ts";

export interface QueryOptions extends CallOptions {
  /**
   * Items that one request asks for.
   * @default the service's own choice
   */
  pageSize?: number | undefined;
}

export interface Query {
  what: string;
  path: string;
  body?: unknown;
}

/**
 * The items of a query over however many pages there are. The header `x-ms-continuation` asks for
 * the next page; an answer without it is the last.
 */
export async function* pages<T>(
  transport: Transport,
  { what, path, body }: Query,
  { pageSize, signal }: QueryOptions,
  read: (body: unknown) => T[],
): AsyncGenerator<T, void, undefined> {
  if (pageSize !== undefined && !(Number.isSafeInteger(pageSize) && pageSize > 0)) {
    throw new DpsClientError("invalid-argument", `${what}: pageSize is a positive whole number`);
  }
  let continuation: string | undefined;
  do {
    const answer = await transport.send({
      what,
      method: "POST",
      path,
      headers: {
        "x-ms-max-item-count": pageSize?.toString(),
        "x-ms-continuation": continuation,
      },
      body,
      signal,
    });
    yield* read(answer.body);
    const next = answer.headers["x-ms-continuation"] || undefined;
    if (next !== undefined && next === continuation) {
      throw new DpsClientError("protocol", `${what}: the service gives the same page for ever`);
    }
    continuation = next;
  } while (continuation !== undefined);
}
