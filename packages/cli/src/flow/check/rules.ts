import type { KeyObject } from "node:crypto";
import { type Certificate, type PathPolicy, validatePath } from "@dps-certs/ca-tools";
import { sameId } from "@dps-certs/dps-protocol";
import { certificateRules, type Found } from "./certificate.ts";
import { chosenPath, missingPath, type ServiceCas, sentRules } from "./chain.ts";
import { givenTo } from "./group-chains.ts";
import { type GroupPath, groupPath } from "./group-path.ts";
import { keyRules, leafOf, leafRules } from "./leaf.ts";
import { CHECKS, type CheckCode, type Severity } from "./table.ts";

export interface CheckFinding {
  code: CheckCode;
  severity: Severity;
  file?: string;
  subject?: string;
  message: string;
  mend: string;
}

/** How the certificates are looked at: a device below a CA, a device of its own, a CA to upload. */
export type CheckMode = "device" | "individual" | "ca";

export interface CheckInput {
  mode: CheckMode;
  /** In the order of the files. At least one. */
  certificates: readonly Certificate[];
  keys: readonly KeyObject[];
  service: ServiceCas;
  /** @default the leaf's common name */
  registrationId?: string | undefined;
  policy: PathPolicy;
  now: Date;
}

/** Would DPS take this? Empty but for notes when there is nothing to say against it. */
export function check(input: CheckInput): CheckFinding[] {
  return toFindings(RULES[input.mode](input), input.service);
}

/** With the severity and the mend of each, and each once. */
export function toFindings(found: readonly Found[], { fileOf }: ServiceCas): CheckFinding[] {
  const seen = new Set<string>();
  return found.flatMap(({ code, certificate, message }) => {
    const key = `${code} ${certificate?.sha256} ${message}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const { severity, mend } = CHECKS[code];
    const file = certificate && fileOf?.(certificate);
    return {
      code,
      severity,
      ...(file !== undefined && { file }),
      ...(certificate && { subject: certificate.subject }),
      // Most begin with a subject, which may be empty.
      message: message.startsWith(" ") ? `a certificate without a subject${message}` : message,
      mend,
    };
  });
}

export const isAccepted = (findings: readonly CheckFinding[]): boolean =>
  findings.every(({ severity }) => severity !== "refused");

const RULES: Readonly<Record<CheckMode, (input: CheckInput) => Found[]>> = {
  device: checkDevice,
  individual: checkIndividual,
  ca: checkCas,
};

function checkDevice(input: CheckInput): Found[] {
  const leaf = leafOf(input);
  if (leaf === undefined) return [];
  const chosen = decidedPath(leaf, input);
  const path = chosen.path ?? [leaf];
  const { assumption } = input.service;
  return [
    ...(assumption === undefined ? [] : [{ code: "assumed-ca" as const, message: assumption }]),
    ...chosen.notes,
    ...leafRules(leaf, input),
    ...validated(path, input, "clientAuth"),
    ...sentRules(leaf, chosen.path, input),
    ...path.flatMap((one, depth) => certificateRules(one, { depth, now: input.now })),
  ];
}

/** The path that the service would take, where there is one, and what is to be said of it. */
function decidedPath(leaf: Certificate, input: CheckInput): GroupPath {
  const { view } = input.service;
  if (view === undefined) {
    return chosenPath(leaf, input) ?? { path: undefined, notes: missingPath(leaf, input) };
  }
  const presented = input.certificates.filter(({ sha256 }) => sha256 !== leaf.sha256);
  const group = view.groups.find(({ enrollmentGroupId: id }) => sameId(id, view.groupId));
  // Without a group of CAs there is nothing that a path could lead to.
  if (group?.attestation.type !== "x509") return { path: undefined, notes: [] };
  return groupPath(leaf, presented, view, input.now);
}

function checkIndividual(input: CheckInput): Found[] {
  const leaf = leafOf(input);
  if (leaf === undefined) return [];
  const note: Found = {
    code: "individual-enrollment",
    certificate: leaf,
    message: `${leaf.subject} is taken for the certificate of an individual enrollment`,
  };
  return [
    // The service was asked: nothing is taken for anything.
    ...(input.service.view === undefined ? [note] : []),
    ...leafRules(leaf, input),
    ...validated([leaf], input, "clientAuth"),
    ...certificateRules(leaf, { depth: 0, now: input.now }),
  ];
}

function checkCas(input: CheckInput): Found[] {
  const { certificates, now } = input;
  return [
    {
      code: "checked-as-ca",
      message:
        "there is no device's certificate among them: checked as CAs, to be uploaded or given to a group",
    },
    ...certificates.flatMap((one) => [
      ...authorityRules(one),
      ...validated([one], input),
      ...certificateRules(one, { depth: 1, now }),
    ]),
    ...keyRules(certificates, input),
  ];
}

/** What the service asks of a CA that it is given: it forgives what is missing, not what is wrong. */
function authorityRules(certificate: Certificate): Found[] {
  const { subject, basicConstraints, keyUsage } = certificate;
  const found: Found[] = [];
  if (basicConstraints === undefined) {
    const message = `${subject} does not say whether it is a CA`;
    found.push({ code: "no-basic-constraints", certificate, message });
  } else if (!basicConstraints.ca) {
    found.push({ code: "not-a-ca", certificate, message: `${subject} is no CA (CA:FALSE)` });
  }
  if (keyUsage?.keyCertSign === false) {
    const message = `${subject} may not sign certificates`;
    found.push({ code: "no-key-cert-sign", certificate, message });
  }
  return found;
}

/** The path validator's findings, on the certificates that they are about. */
function validated(
  path: readonly Certificate[],
  { now, policy, service }: CheckInput,
  purpose?: "clientAuth",
): Found[] {
  const { view, anchors, groups = [] } = service;
  const known = view ? givenTo(view, path) : [...path.slice(-1), ...anchors, ...groups];
  const given = new Set(known.map(({ sha256 }) => sha256));
  return validatePath({
    path,
    now,
    policy,
    isGiven: ({ sha256 }) => given.has(sha256),
    ...(purpose && { purpose }),
  }).flatMap(({ code, depth, message }) => {
    const certificate = path[depth];
    return certificate === undefined ? [] : { code, certificate, message };
  });
}
