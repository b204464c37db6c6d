import { intermediateStep, rootStep } from "./ca-steps.ts";
import { caSteps } from "./certificate-steps.ts";
import { devicesStep } from "./device-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { groupStep } from "./group-step.ts";
import { registrationStep } from "./registration-step.ts";
import { runSteps, type StepResult } from "./step.ts";

/**
 * The main job: a CA chain, its proof of possession, an enrollment group on the intermediate and,
 * if asked for, devices that register. What is done already is left as it is.
 *
 * @param dryRun - only says what would be done. @default false
 * @returns each step with what was found or done
 * @throws the error of the step that failed; running it again goes on there
 */
export async function enroll(
  input: EnrollInput,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<StepResult[]> {
  const { deviceIds = [], register = false } = input;
  const made = new Set<string>();
  const steps = [
    rootStep(input),
    intermediateStep(input),
    ...caSteps(input),
    groupStep(input),
    ...(deviceIds.length > 0 ? [devicesStep(input, made)] : []),
    ...(deviceIds.length > 0 && register ? [registrationStep(input, made)] : []),
  ];
  return await runSteps(steps, input.report, { dryRun });
}
