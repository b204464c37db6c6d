import { intermediateStep, rootStep } from "./ca-steps.ts";
import { caSteps } from "./certificate-steps.ts";
import { devicesStep } from "./device-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { groupStep } from "./group-step.ts";
import { ownCaStep } from "./own-ca-step.ts";
import { registrationStep } from "./registration-step.ts";
import { runSteps, type Step, type StepResult } from "./step.ts";
import { openNeededKeys } from "./unlock.ts";

/**
 * The main job: a CA chain, its proof of possession, an enrollment group on the intermediate and,
 * if asked for, devices that register. What is done already is left as it is.
 *
 * @param dryRun - only says what would be done. @default false
 * @returns each step with what was found or done
 * @throws the error of the step that failed; running it again goes on there. `password-required` or
 * `wrong-password` for a key that is going to sign comes before the first step
 */
export async function enroll(
  given: EnrollInput,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<StepResult[]> {
  const input = { ...given, opened: given.opened ?? new Map() };
  const { ownCa, report } = input;
  const steps = [ownCa ? ownCaStep(input, ownCa) : rootStep(input), ...laterSteps(input)];
  if (!dryRun) await openNeededKeys(input, steps);
  return await runSteps(steps, report, { dryRun });
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
