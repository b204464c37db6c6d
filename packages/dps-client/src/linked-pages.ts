import { DpsClientError } from "./errors.ts";
import type { Transport } from "./transport.ts";

interface ListRequest {
  what: string;
  path: string;
  apiVersion?: string | undefined;
}

type Page = Pick<ListRequest, "path" | "apiVersion"> & { query?: string };

/**
 * Where the next page is. The link is a whole URL; the token goes to the endpoint alone, so it must
 * not lead anywhere else.
 */
function nextPage(endpoint: URL, what: string, body: unknown): Page | undefined {
  const { nextLink } = body as { nextLink?: unknown };
  if (nextLink === undefined || nextLink === null || nextLink === "") return undefined;
  const url =
    typeof nextLink === "string" && URL.canParse(nextLink) ? new URL(nextLink) : undefined;
  if (url?.origin !== endpoint.origin || url.username !== "" || url.password !== "") {
    throw new DpsClientError("protocol", `${what}: the link to the next page leads elsewhere`);
  }
  return { path: url.pathname, query: url.search.slice(1) };
}

/** The items of a list of Azure Resource Manager over however many pages there are (`nextLink`). */
export async function* linkedPages<T>(
  transport: Transport,
  { what, ...first }: ListRequest,
  signal: AbortSignal | undefined,
  read: (body: unknown) => T[],
): AsyncGenerator<T, void, undefined> {
  const seen = new Set<string>();
  for (let page: Page | undefined = first; page !== undefined; ) {
    const { body } = await transport.send({ what, method: "GET", ...page, signal });
    yield* read(body);
    page = nextPage(transport.endpoint, what, body);
    const key = `${page?.path}?${page?.query}`;
    if (seen.has(key)) {
      throw new DpsClientError("protocol", `${what}: the service gives the same page for ever`);
    }
    seen.add(key);
  }
}
