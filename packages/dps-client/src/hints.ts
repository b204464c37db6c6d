import { HINT_RULES } from "./hint-rules.ts";

/** Which of the three APIs was spoken to. */
export type Plane = "management" | "service" | "device";

export interface Refusal {
  plane: Plane;
  /** HTTP status; 200 for a registration that ended as failed. */
  status: number;
  errorCode?: number | string | undefined;
  serviceMessage?: string | undefined;
}

export interface HintRule {
  plane?: Plane;
  /** Any of these statuses. */
  status?: readonly number[];
  /** Any of these error codes. */
  errorCode?: readonly (number | string)[];
  message?: RegExp;
  hint: string;
}

function holds(rule: HintRule, { plane, status, errorCode, serviceMessage }: Refusal): boolean {
  return (
    (rule.plane === undefined || rule.plane === plane) &&
    (rule.status === undefined || rule.status.includes(status)) &&
    (rule.errorCode === undefined || rule.errorCode.some((code) => code === errorCode)) &&
    (rule.message === undefined || rule.message.test(serviceMessage ?? ""))
  );
}

/** What a refusal really means and what to do, if its cause is known. */
export function hintFor(refusal: Refusal): string | undefined {
  return HINT_RULES.find((rule) => holds(rule, refusal))?.hint;
}
