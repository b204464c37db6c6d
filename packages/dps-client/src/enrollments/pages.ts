import { DpsClientError } from "../errors.ts";
import type { CallOptions } from "../options.ts";
import type { Transport } from "../transport.ts";

export interface QueryOptions extends CallOptions {
  /**
   * Items that one request asks for.
   * @default the service's own choice
   */
  pageSize?: number | undefined;
}

/** The items of a query, one after the other. */
export interface Paged<T> extends AsyncGenerator<T, void, undefined> {
  /** The same query from its beginning, a page at a time; a page may be empty. */
  byPage(): AsyncGenerator<T[], void, undefined>;
}

export interface Query {
  what: string;
  path: string;
  body?: unknown;
}

/**
 * The pages of a query. The header `x-ms-continuation` asks for the next one; an answer without it is
 * the last.
 */
async function* fetchPages<T>(
  transport: Transport,
  { what, path, body }: Query,
  { pageSize, signal }: QueryOptions,
  read: (body: unknown) => T[],
): AsyncGenerator<T[], void, undefined> {
  if (pageSize !== undefined && !(Number.isSafeInteger(pageSize) && pageSize > 0)) {
    throw new DpsClientError("invalid-argument", `${what}: pageSize is a positive whole number`);
  }
  let continuation: string | undefined;
  // A service that leads in a circle is found out in the manner of Brent: by comparing with one
  // earlier answer alone, which is at 1, 2, 4, 8 … pages.
  let earlier: string | undefined;
  let nextMark = 1;
  let count = 0;
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
    yield read(answer.body);
    continuation = answer.headers["x-ms-continuation"] || undefined;
    if (continuation !== undefined && continuation === earlier) {
      throw new DpsClientError("protocol", `${what}: the service gives the same pages for ever`);
    }
    count += 1;
    if (count === nextMark) {
      earlier = continuation;
      nextMark *= 2;
    }
  } while (continuation !== undefined);
}

async function* flatten<T>(source: AsyncIterable<T[]>): AsyncGenerator<T, void, undefined> {
  for await (const page of source) yield* page;
}

/** The items of a query over however many pages there are, each asked for when it is needed. */
export function pages<T>(
  transport: Transport,
  query: Query,
  options: QueryOptions,
  read: (body: unknown) => T[],
): Paged<T> {
  const byPage = () => fetchPages(transport, query, options, read);
  return Object.assign(flatten(byPage()), { byPage });
}
