import { exportPrivateKeyPem, type Issuer } from "@dps-certs/ca-tools";
import {
  symmetricKeys,
  x509CaReferences,
  x509ClientCertificates,
  x509SigningCertificates,
} from "@dps-certs/dps-client";
import { type Emulator, startEmulator } from "@dps-certs/dps-emulator";
import type { AttestationMechanism, IndividualEnrollment } from "@dps-certs/dps-protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, connectEmulator } from "../../target/connection.ts";
import { certificatesOf, issued, selfSigned } from "../../testing/issuing.ts";
import { check, isAccepted, toFindings } from "./rules.ts";
import { askService, decidingView, serviceRules } from "./service.ts";

let emulator: Emulator;
let connection: Connection;
const made: Record<string, Issuer> = {};
const pem = (name: string) => (made[name] as Issuer).certificate.pem;

beforeAll(async () => {
  emulator = await startEmulator({ inMemory: true, retryAfterSeconds: 0 });
  connection = connectEmulator(emulator, emulator.caPem, () => emulator.close());
  made.root = await selfSigned("Root");
  made.other = await selfSigned("Other");
  made.upper = await issued("Upper", made.root);
  made.lower = await issued("Lower", made.upper);
  made.device = await issued("dev", made.lower, { profile: "device" });
  made.twin = await issued("dev", made.lower, { profile: "device" });
  await connection.certificates.upload("root", pem("root"), { verified: true });
  await connection.certificates.upload("unproven", pem("other"));
});

afterAll(() => connection.close());

interface Case {
  /** CAs of groups, and names of certificates behind `@`; `!` disables. */
  groups: Record<string, string>;
  individual?: () => AttestationMechanism;
  isDisabled?: boolean;
  sent?: string[];
  codes: string[];
}

const ON_LOWER = { g: "lower" };
const ALONE = ["individual-decides"];
const DIFFERS = ["individual-differs"];

const CASES: Record<string, Case> = {
  "the group's CA below a verified root": { groups: ON_LOWER, codes: [] },
  "the root itself": { groups: { g: "root" }, codes: [] },
  "a verified reference": { groups: { g: "@root" }, codes: [] },
  "a gap in the chain": { groups: ON_LOWER, sent: ["lower"], codes: ["incomplete-chain"] },
  "a disabled group": { groups: { g: "lower!" }, codes: ["group-disabled"] },
  "another CA": { groups: { g: "other" }, codes: ["incomplete-chain"] },
  "an unverified reference": { groups: { g: "@unproven" }, codes: ["incomplete-chain"] },
  "a nearer group": { groups: { g: "upper", near: "lower" }, codes: ["other-group"] },
  "a nearer group that is disabled": {
    groups: { g: "upper", near: "lower!" },
    codes: ["other-group"],
  },
  "its own enrollment, whatever the chain": {
    groups: ON_LOWER,
    individual: () => x509ClientCertificates({ primary: pem("twin"), secondary: pem("device") }),
    sent: [],
    codes: ALONE,
  },
  "an enrollment of another certificate": {
    groups: ON_LOWER,
    individual: () => x509ClientCertificates({ primary: pem("twin") }),
    codes: DIFFERS,
  },
  "an enrollment by key": { groups: ON_LOWER, individual: symmetricKeys, codes: DIFFERS },
  "an enrollment that refers to its root": {
    groups: { g: "other" },
    individual: () => x509CaReferences({ primary: "ROOT" }),
    codes: ALONE,
  },
  "an enrollment that refers to another": {
    groups: ON_LOWER,
    individual: () => x509CaReferences({ primary: "unproven" }),
    codes: [...ALONE, "incomplete-chain"],
  },
  "an enrollment that is disabled": {
    groups: ON_LOWER,
    individual: () => x509ClientCertificates({ primary: pem("device") }),
    isDisabled: true,
    codes: ["individual-disabled", ...ALONE],
  },
};

async function checked(leaf: Issuer, above: readonly Issuer[]) {
  const question = { groupId: "g", registrationId: "dev", known: [] };
  const asked = await askService(connection, question);
  const view = decidingView(asked);
  const service = { anchors: [], isAssumed: false, view: view ?? asked.view };
  const findings = [
    ...toFindings(serviceRules(asked, leaf.certificate), service),
    ...check({
      mode: view === undefined ? "individual" : "device",
      certificates: certificatesOf(leaf, ...above),
      keys: [],
      service,
      policy: "dps",
      now: new Date(),
    }),
  ];
  return {
    codes: findings.flatMap(({ code, severity }) => (severity === "note" ? [] : code)),
    accepted: isAccepted(findings),
  };
}

/** Whether it is assigned, and not by way of another group. */
async function registers(leaf: Issuer, above: readonly Issuer[], byGroup: boolean) {
  const chainPem = certificatesOf(leaf, ...above)
    .map((one) => one.pem)
    .join("");
  const keyPem = exportPrivateKeyPem(leaf.privateKey);
  const client = connection.deviceClient({ chainPem, keyPem });
  const isAssigned = await client.register("dev").then(
    () => true,
    () => false,
  );
  await client.close();
  if (!isAssigned || !byGroup) return isAssigned;
  const { value } = await connection.enrollments.registrations.query("g").next();
  return value !== undefined;
}

async function makeGroup(enrollmentGroupId: string, text: string) {
  const name = text.replace(/[@!]/g, "");
  const attestation = text.startsWith("@")
    ? x509CaReferences({ primary: name })
    : x509SigningCertificates({ primary: pem(name) });
  const provisioningStatus = text.endsWith("!") ? "disabled" : "enabled";
  await connection.enrollments.groups.create({
    enrollmentGroupId,
    attestation,
    provisioningStatus,
  });
}

async function makeEnrollment({ individual, isDisabled = false }: Case) {
  if (individual === undefined) return;
  const provisioningStatus = isDisabled ? "disabled" : "enabled";
  const enrollment = { registrationId: "DEV", attestation: individual(), provisioningStatus };
  await connection.enrollments.enrollments.create(enrollment as IndividualEnrollment);
}

async function removeAll() {
  const { groups, enrollments } = connection.enrollments;
  for await (const { enrollmentGroupId: id } of groups.query()) await groups.delete(id);
  for await (const { registrationId: id } of enrollments.query()) await enrollments.delete(id);
}

describe("what is said of a chain and a group is what becomes of the device", () => {
  it.each(Object.entries(CASES))("%s", async (_, one) => {
    for (const [id, text] of Object.entries(one.groups)) await makeGroup(id, text);
    await makeEnrollment(one);
    const leaf = made.device as Issuer;
    const above = (one.sent ?? ["lower", "upper"]).map((name) => made[name] as Issuer);
    const said = await checked(leaf, above);
    const registered = await registers(leaf, above, one.individual === undefined);
    await removeAll();
    const expected = { codes: one.codes, accepted: registered, registered };
    expect({ ...said, registered }).toEqual(expected);
  });
});
