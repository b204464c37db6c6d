import { CliError } from "../errors.ts";
import { caSteps } from "./certificate-steps.ts";
import { intermediateStep, rootStep } from "./chain-steps.ts";
import { devicesStep } from "./device-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { groupStep } from "./group-step.ts";
import { ownCaStep } from "./own-ca-step.ts";
import { registrationStep } from "./registration/registration-step.ts";
import { runSteps, type Step, type StepResult } from "./step.ts";
import { openNeededKeys } from "./unlock.ts";

/**
 * The main job: a CA chain, its proof of possession, an enrollment group on the intermediate and,
 * if asked for, devices that register. What is done already is left as it is.
 *
 * @param dryRun - only says what would be done. @default false
 * @returns each step with what was found or done
 * @throws the error of the step that failed; running it again goes on there. Before the first step
 * come `drift` of the service, and `password-required` or `wrong-password` for a key that is to sign
 */
export async function enroll(
  given: EnrollInput,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<StepResult[]> {
  const input = { ...given, opened: given.opened ?? new Map() };
  const { ownCa, report } = input;
  const steps = [ownCa ? ownCaStep(input, ownCa) : rootStep(input), ...laterSteps(input)];
  if (!dryRun) {
    await refuseDrift(steps);
    await openNeededKeys(input, steps);
  }
  return await runSteps(steps, report, { dryRun });
}

/** Steps that may find that the service has something else under their name. */
const COMPARED = /^(?:upload-|enrollment-group$)/;

/** What the service has for another chain is told before anything is made. */
async function refuseDrift(steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (!COMPARED.test(step.id)) continue;
    await step.inspect().catch((error: unknown) => {
      // Whatever else is wrong, the step itself is to tell.
      if (error instanceof CliError && error.code === "drift") throw error;
    });
  }
}

function laterSteps(input: EnrollInput): Step[] {
  const { deviceIds = [], register = false } = input;
  const made = new Set<string>();
  return [
    intermediateStep(input),
    ...caSteps(input),
    groupStep(input),
    ...(deviceIds.length > 0 ? [devicesStep(input, made)] : []),
    ...(deviceIds.length > 0 && register ? [registrationStep(input, made)] : []),
  ];
}
