import { type KnownCa, readCa } from "@dps-certs/ca-tools";
import { freeCa, loadGroupCa, loadRoot, openCa, readRegistry } from "./ca-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import type { Step } from "./step.ts";

/**
 * Opens the encrypted keys that are going to sign, so that a password that is missing or wrong is
 * told before anything is made. A key that has nothing to do is left alone.
 *
 * @throws {CaToolsError} `password-required`, `wrong-password`
 */
export async function openNeededKeys(input: EnrollInput, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    // Whatever else is wrong, the step itself is to tell.
    const signer = await signerOf(step, input).catch(() => undefined);
    if (signer?.isEncrypted !== true) continue;
    const state = await step.inspect().catch(() => undefined);
    if (state?.done === false) await openCa(input, signer.record);
  }
}

/** The CA that signs in the step; undefined where none does, or where it is not there yet. */
async function signerOf({ id }: Step, input: EnrollInput): Promise<KnownCa | undefined> {
  if (id === "prove-root") return await loadRoot(input);
  if (id === "intermediate-ca") return await signerOfIntermediate(input);
  if (id !== "prove-intermediate" && id !== "devices") return undefined;
  return (await loadGroupCa(input)) ?? (await loadFree(input));
}

async function loadFree(input: EnrollInput): Promise<KnownCa | undefined> {
  const free = await freeCa(input);
  return free && (await readCa(input.pki, await readRegistry(input.pki), free.name));
}

async function signerOfIntermediate(input: EnrollInput): Promise<KnownCa | undefined> {
  const isThere = ((await loadGroupCa(input)) ?? (await freeCa(input))) !== undefined;
  return isThere ? undefined : await loadRoot(input);
}
