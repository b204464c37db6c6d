import { type AttestationMechanism, sameId } from "@dps-certs/dps-protocol";
import { DpsClientError, type DpsClientErrorCode, isDpsClientError } from "../errors.ts";
import type { CreateOrUpdateOptions, Enrollment, RoundsOptions } from "./collections.ts";
import { DEFAULT_CHANGE_ROUNDS } from "./collections.ts";
import { mergeEnrollment } from "./merge.ts";
import { requireEnrollment } from "./prepare.ts";
import { isSameEnrollment } from "./reflects.ts";
import { type EnrollmentStore, putEnrollment } from "./write.ts";

/** Longest wait before the second round in milliseconds, doubled for each further one. */
const PAUSE_MS = 20;

/**
 * Does `round` until it is not overtaken by somebody else's change. Chance lies between the rounds,
 * so that those who collided do not collide again.
 *
 * @param overtaken what a round ends with then
 */
async function inRounds<T extends Enrollment, R>(
  { transport }: EnrollmentStore<T>,
  what: string,
  { rounds = DEFAULT_CHANGE_ROUNDS, signal }: RoundsOptions,
  overtaken: readonly DpsClientErrorCode[],
  round: () => Promise<R>,
): Promise<R> {
  if (!(Number.isSafeInteger(rounds) && rounds > 0)) {
    throw new DpsClientError("invalid-argument", `${what}: rounds is a positive whole number`);
  }
  for (let count = 1; ; count++) {
    try {
      return await round();
    } catch (error) {
      if (!isDpsClientError(error, ...overtaken) || count >= rounds) throw error;
      const ms = PAUSE_MS * 2 ** (count - 1) * transport.runtime.random();
      await transport.pause(ms, what, signal);
    }
  }
}

/** `wanted` with the keys of `known` where it has none of its own. */
function withKeys<T extends Enrollment>(
  wanted: T,
  { symmetricKey: known }: AttestationMechanism,
): T {
  const { symmetricKey: own } = wanted.attestation;
  const keys = {
    primaryKey: own?.primaryKey ?? known?.primaryKey,
    secondaryKey: own?.secondaryKey ?? known?.secondaryKey,
  };
  return {
    ...wanted,
    attestation: { ...wanted.attestation, symmetricKey: { ...known, ...own, ...keys } },
  };
}

/**
 * Writes `wanted` over `stored`, unless that is what is there. GET does not tell symmetric keys, and a
 * write without them could have the service draw new ones, so they are read and sent along.
 */
async function replace<T extends Enrollment>(
  store: EnrollmentStore<T>,
  stored: T,
  wanted: T,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { primaryKey, secondaryKey } = wanted.attestation.symmetricKey ?? {};
  const saysKey = Boolean(primaryKey ?? secondaryKey);
  if (!saysKey && isSameEnrollment(wanted, stored)) return stored;
  const { etag } = stored;
  const id = store.kind.idOf(stored);
  if (!etag) {
    throw new DpsClientError(
      "protocol",
      `update ${store.kind.noun} ${id}: what is stored has no etag`,
    );
  }
  const keepsKeys = [wanted, stored].every(
    ({ attestation }) => attestation.type === "symmetricKey",
  );
  if (!keepsKeys) return await putEnrollment(store, wanted, { ifMatch: etag, signal }, stored);
  const attestation = await store.attestation(id, { signal });
  const whole = withKeys(wanted, attestation);
  if (isSameEnrollment(whole, { ...stored, attestation })) return stored;
  return await putEnrollment(store, whole, { ifMatch: etag, signal }, stored);
}

/** See `EnrollmentCollection.createOrUpdate`. */
export async function createOrUpdate<T extends Enrollment>(
  store: EnrollmentStore<T>,
  item: T,
  { ifMatch, ...options }: CreateOrUpdateOptions,
): Promise<T> {
  const { kind, find } = store;
  const { signal } = options;
  if (ifMatch !== undefined) return await putEnrollment(store, item, { ifMatch, signal });
  const id = kind.idOf(item);
  const what = `change ${kind.noun} ${id}`;
  // It may appear and go between the look and the write.
  const overtaken = ["conflict", "etag-mismatch", "not-found"] as const;
  return await inRounds(store, what, options, overtaken, async () => {
    const stored = await find(id, { signal });
    if (stored === undefined) return await putEnrollment(store, item, { signal });
    requireEnrollment(kind, kind.body, item, what, stored);
    return await replace(store, stored, mergeEnrollment(stored, item, kind.idMember), signal);
  });
}

/** See `EnrollmentCollection.update`. */
export async function update<T extends Enrollment>(
  store: EnrollmentStore<T>,
  id: string,
  change: (stored: T) => T | Promise<T>,
  options: RoundsOptions,
): Promise<T> {
  const { kind, get } = store;
  const { signal } = options;
  const what = `update ${kind.noun} ${id}`;
  return await inRounds(store, what, options, ["etag-mismatch"], async () => {
    const stored = await get(id, { signal });
    const wanted = await change(structuredClone(stored));
    requireEnrollment(kind, kind.request, wanted, what, stored);
    if (!sameId(kind.idOf(wanted), id)) {
      throw new DpsClientError("invalid-argument", `${what}: an id cannot change`);
    }
    return await replace(store, stored, wanted, signal);
  });
}
