import type { KeyObject } from "node:crypto";
import { type Certificate, type PathPolicy, validatePath } from "@dps-certs/ca-tools";
import { certificateRules, type Found } from "./check-certificate.ts";
import { chosenPath, missingPath, type ServiceCas, sentRules } from "./check-chain.ts";
import { nameRules } from "./check-names.ts";
import { CHECKS, type CheckCode, type Severity } from "./check-table.ts";

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
  const found = RULES[input.mode](input);
  const seen = new Set<string>();
  return found.flatMap(({ code, certificate, message }) => {
    const key = `${code} ${certificate?.sha256} ${message}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const { severity, mend } = CHECKS[code];
    const file = certificate && input.service.fileOf?.(certificate);
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

/**
 * The device's own certificate: of those that are no CAs the one of the key, else the first. A client
 * sends the first of the file, whatever it is.
 */
export function leafOf({
  certificates,
  keys,
}: Pick<CheckInput, "certificates" | "keys">): Certificate | undefined {
  const leaves = certificates.filter(({ basicConstraints }) => basicConstraints?.ca !== true);
  const eligible = leaves.length > 0 ? leaves : certificates;
  return eligible.find((one) => keys.some((key) => one.x509.checkPrivateKey(key))) ?? eligible[0];
}

function checkDevice(input: CheckInput): Found[] {
  const leaf = leafOf(input);
  if (leaf === undefined) return [];
  const chosen = chosenPath(leaf, input);
  const path = chosen?.path ?? [leaf];
  const { assumption } = input.service;
  return [
    ...(assumption === undefined ? [] : [{ code: "assumed-ca" as const, message: assumption }]),
    ...(chosen ? chosen.notes : missingPath(leaf, input)),
    ...leafRules(leaf, input),
    ...validated(path, input, "clientAuth"),
    ...sentRules(leaf, chosen?.path, input),
    ...path.flatMap((one, depth) => certificateRules(one, { depth, now: input.now })),
  ];
}

function checkIndividual(input: CheckInput): Found[] {
  const leaf = leafOf(input);
  if (leaf === undefined) return [];
  return [
    {
      code: "individual-enrollment",
      certificate: leaf,
      message: `${leaf.subject} is taken for the certificate of an individual enrollment`,
    },
    ...leafRules(leaf, input),
    ...validated([leaf], input, "clientAuth"),
    ...certificateRules(leaf, { depth: 0, now: input.now }),
  ];
}

function checkCas(input: CheckInput): Found[] {
  const { certificates, keys, now } = input;
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
    ...(keys.length > 0 ? keyRules(certificates, input) : []),
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

function leafRules(leaf: Certificate, input: CheckInput): Found[] {
  const found = nameRules(leaf, input.registrationId);
  if (input.keys.length > 0) found.push(...keyRules([leaf], input));
  if (leaf.basicConstraints?.ca) {
    const message = `${leaf.subject} is a CA, and used as a device's certificate`;
    found.push({ code: "leaf-is-ca", certificate: leaf, message });
  }
  if (leaf.extendedKeyUsage === undefined) {
    const message = `${leaf.subject} has no extended key usage`;
    found.push({ code: "no-extended-key-usage", certificate: leaf, message });
  }
  return found;
}

function keyRules(owners: readonly Certificate[], { keys }: CheckInput): Found[] {
  if (owners.some(({ x509 }) => keys.some((key) => x509.checkPrivateKey(key)))) return [];
  const [first] = owners;
  if (first === undefined) return [];
  const message = `the private key is not the one of ${owners.map(({ subject }) => subject).join(", ")}`;
  return [{ code: "key-mismatch", certificate: first, message }];
}

/** The path validator's findings, on the certificates that they are about. */
function validated(
  path: readonly Certificate[],
  { now, policy, service }: CheckInput,
  purpose?: "clientAuth",
): Found[] {
  const known = [...service.anchors, ...(service.groups ?? [])];
  const given = new Set(known.map(({ sha256 }) => sha256));
  return validatePath({
    path,
    now,
    policy,
    isGiven: (one) => one === path.at(-1) || given.has(one.sha256),
    ...(purpose && { purpose }),
  }).flatMap(({ code, depth, message }) => {
    const certificate = path[depth];
    return certificate === undefined ? [] : { code, certificate, message };
  });
}
