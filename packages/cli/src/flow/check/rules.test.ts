import type { Issuer } from "@dps-certs/ca-tools";
import { beforeAll, describe, expect, it } from "vitest";
import {
  CA_LINES,
  certificatesOf,
  inDays,
  issued,
  LEAF_LINES,
  odd,
  selfSigned,
  without,
} from "../../testing/issuing.ts";
import { nameRules } from "./names.ts";
import { type CheckInput, check, isAccepted } from "./rules.ts";
import { CHECKS, type CheckCode, type ServiceCode } from "./table.ts";

let root: Issuer;
let intermediate: Issuer;
let device: Issuer;

beforeAll(async () => {
  root = await selfSigned("Root");
  intermediate = await issued("Intermediate", root);
  device = await issued("dev-1", intermediate, { profile: "device" });
});

/** What a device of that chain would have checked. */
const input = (
  certificates: readonly Issuer[] = [device, intermediate],
  changes: Partial<CheckInput> = {},
): CheckInput => ({
  mode: "device",
  certificates: certificatesOf(...certificates),
  keys: [],
  service: { anchors: certificatesOf(root), isAssumed: false },
  policy: "dps",
  // What openssl makes is valid from the moment it is made.
  now: inDays(0.01),
  ...changes,
});

const codes = (one: CheckInput) => check(one).map(({ code }) => code);
/** A leaf that only openssl makes, and the chain above it. */
const leafOf = (request: Parameters<typeof odd>[0]) =>
  input([odd({ issuer: intermediate, ...request }), intermediate]);
const held = (...cas: Issuer[]) => ({
  service: { anchors: certificatesOf(...cas), isAssumed: false },
});
const nothingKnown = { service: { anchors: [], isAssumed: true } };
const namedCa = (names: { dns: string[] }) => selfSigned("Named Root", { nameConstraints: names });
const caOnly = (ca: Issuer) => input([ca], { mode: "ca" });

interface Case {
  present: () => CheckInput | Promise<CheckInput>;
  /** What is nearly the same and in order. @default the good chain */
  absent?: () => CheckInput | Promise<CheckInput>;
}

/** Those of a service and of files are found elsewhere. */
type OwnCode = Exclude<CheckCode, ServiceCode | "key-not-checked" | "unreadable">;

const CASES: Readonly<Record<OwnCode, Case>> = {
  "not-issued": {
    present: async () => input([device, await issued("Intermediate", root)]),
  },
  "not-yet-valid": {
    present: async () =>
      input([
        await issued("dev-1", intermediate, { profile: "device", notBefore: inDays(1) }),
        intermediate,
      ]),
  },
  expired: {
    present: () => input(undefined, { now: inDays(61) }),
    absent: () => input(undefined, { now: inDays(60) }),
  },
  "not-a-ca": {
    present: async () =>
      input([await issued("victim", device, { profile: "device" }), device, intermediate]),
  },
  "no-key-cert-sign": {
    present: async () => {
      const lines = [...without(CA_LINES, "keyUsage"), "keyUsage=critical,cRLSign"];
      const ca = odd({ subject: "/CN=No Signer", lines, issuer: root });
      return input([await issued("dev-1", ca, { profile: "device" }), ca]);
    },
  },
  "path-too-long": {
    present: async () => {
      const lines = [
        ...without(CA_LINES, "basicConstraints"),
        "basicConstraints=critical,CA:TRUE,pathlen:0",
      ];
      const short = odd({ subject: "/CN=Short", lines, issuer: root });
      const below = await issued("Below", short);
      return input([await issued("dev-1", below, { profile: "device" }), below, short]);
    },
  },
  "unknown-critical-extension": {
    present: () => leafOf({ lines: [...LEAF_LINES, "1.2.3.4=critical,ASN1:NULL"] }),
    absent: () => leafOf({ lines: [...LEAF_LINES, "1.2.3.4=ASN1:NULL"] }),
  },
  "name-not-permitted": {
    present: async () => {
      const ca = await namedCa({ dns: ["good.example"] });
      const names = { subjectAlternativeNames: { dns: ["evil.example"] } };
      return input([await issued("dev-1", ca, { profile: "device", ...names })], held(ca));
    },
    absent: async () => {
      const ca = await namedCa({ dns: ["good.example"] });
      const names = { subjectAlternativeNames: { dns: ["a.good.example"] } };
      return input([await issued("dev-1", ca, { profile: "device", ...names })], held(ca));
    },
  },
  "wrong-purpose": {
    present: async () =>
      input([await issued("dev-1", intermediate, { profile: "server" }), intermediate]),
    absent: () =>
      leafOf({
        lines: [
          ...without(LEAF_LINES, "extendedKeyUsage"),
          "extendedKeyUsage=serverAuth,clientAuth",
        ],
      }),
  },
  "not-conforming": {
    present: () => ({
      ...leafOf({ lines: [...without(LEAF_LINES, "authorityKeyIdentifier"), NO_AUTHORITY] }),
      policy: "strict" as const,
    }),
    absent: () => input(undefined, { policy: "strict" }),
  },
  "assumed-ca": { present: () => input(undefined, nothingKnown) },
  "checked-as-ca": { present: () => caOnly(root) },
  "individual-enrollment": { present: () => input([device], { mode: "individual" }) },
  "duplicate-certificate": { present: () => input([device, intermediate, intermediate]) },
  "expires-soon": {
    present: () => input(undefined, { now: inDays(53.1) }),
    absent: () => input(undefined, { now: inDays(52.9) }),
  },
  "incomplete-chain": {
    present: () => input([device]),
    absent: () => input([device], held(intermediate)),
  },
  "unknown-ca": {
    present: async () => input([device, intermediate, root], held(await selfSigned("Other"))),
    absent: () => input([device, intermediate, root]),
  },
  "self-signed-leaf": {
    present: async () => input([await selfSigned("dev-1", { profile: "device" })]),
    absent: async () =>
      input([await selfSigned("dev-1", { profile: "device" })], { mode: "individual" }),
  },
  "leaf-not-first": { present: () => input([intermediate, device]) },
  "wrong-order": {
    present: async () => {
      const below = await issued("Below", intermediate);
      const leaf = await issued("dev-1", below, { profile: "device" });
      return input([leaf, intermediate, below]);
    },
    absent: async () => {
      const below = await issued("Below", intermediate);
      const leaf = await issued("dev-1", below, { profile: "device" });
      return input([leaf, below, intermediate, root]);
    },
  },
  "unused-certificate": {
    present: async () => input([device, intermediate, await issued("Sister", root)]),
    absent: () => input([device, intermediate, root]),
  },
  "root-included": { present: () => input([device, intermediate, root]) },
  "long-chain": { present: () => deep(4), absent: () => deep(3) },
  "large-chain": { present: () => bulky(5000), absent: () => bulky(2000) },
  "no-group": {
    present: async () => {
      const groups = certificatesOf(await issued("Other", root));
      return input(undefined, { service: { ...held(root).service, groups } });
    },
    absent: () =>
      input(undefined, {
        service: { ...held(root).service, groups: certificatesOf(intermediate) },
      }),
  },
  "no-common-name": { present: () => leafOf({ subject: "/O=Example" }) },
  "several-common-names": { present: () => leafOf({ subject: "/CN=dev-1/CN=dev-2" }) },
  "invalid-registration-id": {
    present: () => leafOf({ subject: "/CN=dev 1" }),
    absent: () => leafOf({ subject: "/CN=a.b_c:1-" }),
  },
  "registration-id-mismatch": {
    present: () => input(undefined, { registrationId: "dev-2" }),
    absent: () => input(undefined, { registrationId: "DEV-1" }),
  },
  "upper-case-id": { present: () => leafOf({ subject: "/CN=Dev-1" }) },
  "key-mismatch": {
    present: () => input(undefined, { keys: [intermediate.privateKey] }),
    absent: () => input(undefined, { keys: [device.privateKey] }),
  },
  "undocumented-key": { present: () => leafOf({ newKey: ["ed25519"] }) },
  "weak-key": {
    present: () => leafOf({ newKey: ["rsa:1024"] }),
    absent: () => leafOf({ newKey: ["rsa:2048"] }),
  },
  "weak-signature": {
    present: () => leafOf({ digest: "sha1" }),
    // Nobody looks at the signature of a certificate that the service was given.
    absent: async () => {
      const old = odd({ subject: "/CN=Old", lines: CA_LINES.slice(0, 3), digest: "sha1" });
      return input([await issued("dev-1", old, { profile: "device" })], held(old));
    },
  },
  "leaf-is-ca": {
    present: async () => input([await issued("dev-1", intermediate), intermediate]),
  },
  "no-extended-key-usage": {
    present: () => leafOf({ lines: without(LEAF_LINES, "extendedKeyUsage") }),
  },
  "no-basic-constraints": {
    present: () => caOnly(odd({ subject: "/CN=Version 1", lines: [] })),
    absent: () => caOnly(root),
  },
  "missing-key-identifier": {
    present: () =>
      leafOf({ lines: [...without(LEAF_LINES, "authorityKeyIdentifier"), NO_AUTHORITY] }),
    absent: () => leafOf({ lines: [...without(LEAF_LINES, "subjectKeyIdentifier"), NO_SUBJECT] }),
  },
};

const NO_AUTHORITY = "authorityKeyIdentifier=none";
const NO_SUBJECT = "subjectKeyIdentifier=none";

async function deep(cas: number): Promise<CheckInput> {
  const chain = [root];
  while (chain.length < cas) chain.unshift(await issued(`Step ${chain.length}`, chain[0] ?? root));
  const leaf = await issued("dev-1", chain[0] ?? root, { profile: "device" });
  return input([leaf, ...chain.slice(0, -1)]);
}

const bulky = (bytes: number) =>
  leafOf({ lines: [...LEAF_LINES, `nsComment=${"x".repeat(bytes)}`] });

describe("check", () => {
  it("has nothing to say of a good chain", () => {
    expect(check(input())).toEqual([]);
    expect(check(input([device], held(intermediate)))).toEqual([]);
    expect(check(input(undefined, { keys: [device.privateKey], policy: "strict" }))).toEqual([]);
  });

  it.each(Object.keys(CASES) as (keyof typeof CASES)[])(
    "finds %s where it is, and not elsewhere",
    async (code) => {
      const { present, absent = () => input() } = CASES[code];
      const found = check(await present()).find((one) => one.code === code);
      expect(found).toMatchObject({ ...CHECKS[code], message: expect.stringMatching(/\S/) });
      expect(codes(await absent())).not.toContain(code);
    },
  );

  it("knows that a common name holds 64 characters, which openssl would not make longer", () => {
    const named = (length: number) => {
      const subjectName = { getField: () => ["x".repeat(length)] } as never;
      return nameRules({ ...device.certificate, subjectName }, undefined).map(({ code }) => code);
    };
    expect([named(64), named(65)]).toEqual([[], ["invalid-registration-id"]]);
  });

  it("has something to call a certificate whose subject is empty", async () => {
    const nameless = await leafOf({ subject: "/", lines: without(LEAF_LINES, "extendedKeyUsage") });
    const messages = check(nameless).map(({ message }) => message);
    expect(messages).toContain("a certificate without a subject has no extended key usage");
  });

  it("tells a thing once", () => {
    const all = codes(input([device, intermediate, intermediate, intermediate]));
    expect(all).toEqual(["duplicate-certificate"]);
  });
});

describe("of CAs", () => {
  it("takes a root and an intermediate as they are", () => {
    expect(codes(input([root, intermediate], { mode: "ca" }))).toEqual(["checked-as-ca"]);
  });

  it("refuses what is no CA, may not sign, or is over", async () => {
    const plain = await selfSigned("plain", { profile: "device" });
    expect(codes(caOnly(plain))).toContain("not-a-ca");
    const lines = [...without(CA_LINES, "keyUsage"), "keyUsage=critical,cRLSign"];
    expect(codes(caOnly(odd({ lines: lines.slice(0, -2).concat("keyUsage=cRLSign") })))).toContain(
      "no-key-cert-sign",
    );
    expect(codes({ ...caOnly(root), now: inDays(61) })).toContain("expired");
    expect(codes({ ...caOnly(root), keys: [device.privateKey] })).toContain("key-mismatch");
  });

  it("forgives what is missing in one that the service is given, as the service does", () => {
    const findings = check(caOnly(odd({ subject: "/CN=Version 1", lines: [] })));
    expect(isAccepted(findings)).toBe(true);
  });
});

describe("the verdict", () => {
  it("is refusal for what the service refuses alone", () => {
    expect(isAccepted(check(input()))).toBe(true);
    expect(isAccepted(check(leafOf({ subject: "/CN=Dev-1" })))).toBe(true);
    expect(isAccepted(check(input([device])))).toBe(false);
  });

  it("says with each finding how to mend it, and where", () => {
    const fileOf = () => "leaf.pem";
    const service = { anchors: certificatesOf(root), isAssumed: false, fileOf };
    const [finding] = check(input([device], { service }));
    expect(finding).toMatchObject({
      code: "incomplete-chain",
      severity: "refused",
      file: "leaf.pem",
      subject: "CN=dev-1",
      message: expect.stringContaining('401002 "CA certificate not found."'),
      mend: expect.stringContaining("full-chain"),
    });
  });
});
