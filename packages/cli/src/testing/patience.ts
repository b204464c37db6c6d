import type { Patience } from "../target/connection.ts";

/** Tries again at once. */
export const PATIENT: Patience = { retry: { attempts: 6, baseDelayMs: 0, maxDelayMs: 0 } };
/** Never tries again: what is broken stays so until the command is run again. */
export const IMPATIENT: Patience = { retry: { attempts: 1 } };
/** As {@link PATIENT}, for answers that do not come. */
export const HURRIED: Patience = { ...PATIENT, timeoutMs: 400 };
