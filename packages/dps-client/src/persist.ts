import { aborted, onAbort } from "./aborted.ts";
import { DpsClientError } from "./errors.ts";
import type { Exchange, FailedExchange } from "./exchange.ts";
import { type Failure, failureError } from "./failure.ts";
import type { Answer } from "./http-failure.ts";
import type { TakeTurn } from "./rate.ts";
import { type RetryPolicy, retryDelay } from "./retry.ts";
import type { Runtime } from "./runtime.ts";
import type { TimeLimit, TransportRequest } from "./transport.ts";

export interface PersistSettings {
  exchange: Exchange;
  policy: RetryPolicy;
  /** Milliseconds that one attempt may take. */
  timeoutMs: number;
  takeTurn: TakeTurn;
  runtime: Runtime;
  /** Aborts when the client is closed. */
  closed: AbortSignal;
}

/** How far a request has come. */
interface Course {
  attempts: number;
  /** Milliseconds since 1970 after which nothing is sent. */
  end: number;
  /** An attempt was sent and its answer lost. */
  maybeApplied: boolean;
  last: Failure;
}

/**
 * Waits `ms` milliseconds, or until the signal aborts. It ends at once when the client is closed: a
 * timer that is left would hold the process.
 */
export async function pauseFor(
  { runtime: { sleep }, closed }: Pick<PersistSettings, "closed" | "runtime">,
  ms: number,
  what: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const waking = new AbortController();
  const stays = [signal, closed].map((one) => onAbort(one, () => waking.abort()));
  const isOver = () => signal?.aborted === true || closed.aborted;
  try {
    if (ms > 0 && !isOver()) await sleep(ms, waking.signal);
  } catch (error) {
    if (!isOver()) throw error;
  } finally {
    for (const stay of stays) stay();
  }
  if (signal?.aborted) throw aborted(what, signal);
}

function giveUp({ what }: TransportRequest, course: Course): DpsClientError {
  return failureError(what, { ...course.last, maybeApplied: course.maybeApplied }, course.attempts);
}

function endOf(limit: TimeLimit | undefined, { deadlineMs }: RetryPolicy, now: number): number {
  if (limit === undefined) return now + deadlineMs;
  limit.endsAt ??= now + limit.ms;
  return Math.min(limit.endsAt, now + deadlineMs);
}

/**
 * Waits until the rate allows another attempt; one that would come too late is not waited for. The
 * first has waited already.
 */
async function awaitTurn(
  settings: PersistSettings,
  request: TransportRequest,
  course: Course,
): Promise<void> {
  const { takeTurn, runtime, policy, closed } = settings;
  const { maybeApplied } = course;
  const metered = course.attempts > 0 && !request.unmetered;
  const wait = metered ? takeTurn(runtime.now()) : 0;
  if (runtime.now() + wait >= course.end) throw giveUp(request, course);
  await pauseFor(settings, wait, request.what, request.signal);
  if (closed.aborted) {
    throw new DpsClientError("closed", `${request.what}: the client was closed`, { maybeApplied });
  }
  if (course.attempts === 0) course.end = endOf(request.timeLimit, policy, runtime.now());
  if (runtime.now() >= course.end) throw giveUp(request, course);
}

/** Waits as long as the failure asks for, or throws it where another attempt would not help. */
async function awaitRetry(
  settings: PersistSettings,
  request: TransportRequest,
  course: Course,
  failed: FailedExchange,
): Promise<void> {
  const { runtime, policy } = settings;
  course.last = failed;
  course.maybeApplied ||= failed.maybeApplied ?? failed.retry === "unsure";
  const attempt = { attempt: course.attempts, remainingMs: course.end - runtime.now() };
  // The next attempt carries another token: it is made at once, and counts as one.
  const renewal = failed.refused ? ({ retry: "safe", retryAfterMs: 0 } as const) : {};
  failed.refused?.drop();
  const delay = retryDelay(policy, { ...attempt, ...failed, ...renewal }, runtime.random);
  if (delay === undefined) throw giveUp(request, course);
  await pauseFor(settings, delay, request.what, request.signal);
}

/**
 * Sends a request until it is answered, as long as another attempt may help and the policy allows one.
 *
 * @throws {DpsClientError}
 */
export async function persist(
  settings: PersistSettings,
  request: TransportRequest,
): Promise<Answer> {
  const { exchange, timeoutMs, runtime } = settings;
  const course: Course = {
    attempts: 0,
    end: request.timeLimit?.endsAt ?? Number.POSITIVE_INFINITY,
    maybeApplied: false,
    last: { code: "timeout", message: "out of time", retry: "never" },
  };
  for (;;) {
    await awaitTurn(settings, request, course);
    course.attempts += 1;
    const result = await exchange(request, Math.min(timeoutMs, course.end - runtime.now()));
    if (!("code" in result)) return { ...result, maybeApplied: course.maybeApplied };
    await awaitRetry(settings, request, course, result);
  }
}
