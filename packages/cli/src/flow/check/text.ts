import type { Certificate } from "@dps-certs/ca-tools";
import { type Colour, paint, printable } from "../../output/text.ts";
import type { CheckFinding, CheckMode } from "./rules.ts";
import type { Severity } from "./table.ts";

export interface Verdict {
  accepted: boolean;
  mode: CheckMode;
  /** The enrollment group that it was checked for. */
  group?: string | undefined;
  /** Whether an individual enrollment decides in the group's place. */
  individually?: boolean;
  findings: readonly CheckFinding[];
  leaf: Certificate | undefined;
  certificates: readonly Certificate[];
}

const SIGNS: Readonly<Record<Severity, readonly [sign: string, hue: Colour]>> = {
  refused: ["✖", "red"],
  warning: ["!", "yellow"],
  note: ["·", "dim"],
};
const ORDER: readonly Severity[] = ["refused", "warning", "note"];

/** The findings, the worst first, and the verdict. */
export function checkText(verdict: Verdict, colour: boolean): string {
  const sorted = ORDER.flatMap((wanted) =>
    verdict.findings.filter(({ severity }) => severity === wanted),
  );
  const lines = sorted.flatMap(({ severity, file, message, mend }) => {
    const [sign, hue] = SIGNS[severity];
    const where = file === undefined || message.includes(file) ? "" : `${printable(file)}: `;
    return [`${paint(colour, hue, sign)} ${where}${printable(message)}`, `    ${printable(mend)}`];
  });
  const [sign, hue]: readonly [string, Colour] = verdict.accepted ? ["✔", "green"] : ["✖", "red"];
  return [...lines, `${paint(colour, hue, sign)} ${sentence(verdict)}`, ""].join("\n");
}

function sentence(verdict: Verdict): string {
  const { accepted, mode, group, individually = false, leaf, certificates } = verdict;
  const would = accepted ? "DPS would accept" : "DPS would refuse";
  const name =
    printable((leaf ?? certificates[0])?.subject ?? "") || "a certificate without a subject";
  if (individually) return `${would} ${name} by its individual enrollment`;
  if (group !== undefined) return `${would} ${name} for the group ${printable(group)}`;
  if (mode !== "ca") return `${would} ${name}${mode === "individual" ? " (individual)" : ""}`;
  const others = certificates.length - 1;
  return `${would} ${name}${others > 0 ? ` and ${others} more` : ""} as a CA`;
}
