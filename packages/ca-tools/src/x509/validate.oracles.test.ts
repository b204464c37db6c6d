import { beforeAll, describe, expect, it } from "vitest";
import { issue, rootCa } from "../testing/authority.ts";
import { verifyWithGnutls } from "../testing/gnutls.ts";
import { verifyWithJava } from "../testing/java.ts";
import { areAccepted } from "../testing/openssl.ts";
import { ACCEPTED, REFUSED, refusedPath } from "../testing/path-cases.ts";
import { AT, certificates, DATES } from "../testing/paths.ts";
import { has } from "../testing/programs.ts";
import { scratch } from "../testing/scratch.ts";
import type { Certificate } from "./certificate.ts";
import type { Issuer } from "./issue.ts";
import { generateKeyPair, type KeyAlgorithmName, type KeyPair } from "./keys.ts";
import { PROFILES, type ProfileName } from "./profiles.ts";
import { validatePath } from "./validate.ts";

const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
// The source launcher compiles.
const hasJava = has("java") && has("javac");

const refused = Object.entries(REFUSED);
const accepted = Object.entries(ACCEPTED);
const refusedPaths = () => Promise.all(refused.map(([name]) => refusedPath(name)));
const acceptedPaths = () => Promise.all(accepted.map(([, { path }]) => path()));

describe("GnuTLS", () => {
  const isAccepted = (path: Certificate[], purpose?: string) =>
    verifyWithGnutls(scratch(), path, purpose).status === 0;

  it.skipIf(!has("certtool"))("refuses what we refuse, but for what the table says", async () => {
    const paths = await refusedPaths();
    const laxer = refused.filter((_, index) => isAccepted(paths[index] ?? [], CLIENT_AUTH));
    expect(laxer.map(([name]) => name)).toEqual(
      refused.filter(([, { laxer }]) => laxer?.gnutls).map(([name]) => name),
    );
  });

  it.skipIf(!has("certtool"))("accepts what we accept, but for what the table says", async () => {
    const paths = await acceptedPaths();
    const stricter = accepted.filter((_, index) => !isAccepted(paths[index] ?? [], CLIENT_AUTH));
    expect(stricter.map(([name]) => name)).toEqual(
      accepted.filter(([, { stricter }]) => stricter?.gnutls).map(([name]) => name),
    );
  });
});

/** Every chain that the profiles can make, through one and two CAs; of every kind of key. */
async function profileChains(): Promise<Chain[]> {
  const chains: Chain[] = [];
  for (const algorithm of ["ec-p256", "ec-p384", "rsa-2048"] as const) {
    const pairs = [0, 1, 2].map(() => generateKeyPair(algorithm));
    const [rootKeys, caKeys, keys] = (await Promise.all(pairs)) as [KeyPair, KeyPair, KeyPair];
    const root = await rootCa("Root", { ...DATES, keys: rootKeys });
    const below = async (...issuers: [Issuer, ...Issuer[]]) => {
      for (const profile of LEAVES) {
        const names = isServer(profile) ? { subjectAlternativeNames: NAMES } : {};
        const leaf = await issue("dev-1", issuers[0], { ...DATES, profile, keys, ...names });
        chains.push({ algorithm, leaf: profile, path: certificates(leaf, ...issuers, root) });
      }
    };
    for (const profile of CAS) {
      const ca = await issue(`${profile} CA`, root, { ...DATES, profile, keys: caKeys });
      await below(ca);
      if (algorithm !== "ec-p256") continue;
      for (const lower of CAS) {
        await below(
          await issue(`${lower} below ${profile} CA`, ca, { ...DATES, profile: lower }),
          ca,
        );
      }
    }
  }
  return chains;
}

interface Chain {
  algorithm: KeyAlgorithmName;
  leaf: ProfileName;
  path: Certificate[];
}

const NAMES = { dns: ["edge.example.com"], ip: ["10.0.0.1"] };
const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];
const CAS = PROFILE_NAMES.filter((name) => PROFILES[name].ca && name !== "root");
const LEAVES = PROFILE_NAMES.filter((name) => !PROFILES[name].ca);
const isServer = (name: ProfileName) => PROFILES[name].extendedKeyUsage.includes("serverAuth");
const show = ({ leaf, path }: Chain) => [leaf, ...path.map(({ subject }) => subject)].join(" < ");

let chains: Chain[];

beforeAll(async () => {
  chains = await profileChains();
});

describe("every chain that the profiles make", () => {
  it("is accepted by us", () => {
    expect(chains).toHaveLength(LEAVES.length * CAS.length * (CAS.length + 3));
    const purposeOf = (leaf: ProfileName) => (isServer(leaf) ? "serverAuth" : "clientAuth");
    const refused = chains.filter(
      ({ leaf, path }) => validatePath({ path, now: AT, purpose: purposeOf(leaf) }).length > 0,
    );
    expect(refused.map(show)).toEqual([]);
  });

  it.each(["ec-p256", "ec-p384", "rsa-2048"])("is accepted by openssl, with %s keys", (wanted) => {
    for (const purpose of ["sslclient", "sslserver"] as const) {
      const some = chains.filter(
        ({ algorithm, leaf }) =>
          algorithm === wanted && isServer(leaf) === (purpose === "sslserver"),
      );
      const paths = some.map(({ path }) => path);
      const verdicts = areAccepted(scratch(), paths, { at: AT, purpose });
      expect(some.filter((_, index) => !verdicts[index]).map(show)).toEqual([]);
    }
  });

  it.skipIf(!has("certtool"))("is accepted by GnuTLS", () => {
    const isRefused = ({ path }: Chain) => verifyWithGnutls(scratch(), path).status !== 0;
    expect(chains.filter(isRefused).map(show)).toEqual([]);
  });
});

describe("Java's PKIX validator", () => {
  // One process, for Java is slow to start.
  it.skipIf(!hasJava)("agrees with us, but for what the tables say", async () => {
    const [bad, good] = [await refusedPaths(), await acceptedPaths()];
    const made = chains.map(({ path }) => path);
    const verdicts = verifyWithJava(scratch(), [...bad, ...good, ...made], AT);
    const laxer = refused.filter((_, index) => verdicts[index] === "OK");
    expect(laxer.map(([name]) => name)).toEqual(
      refused.filter(([, { laxer }]) => laxer?.java).map(([name]) => name),
    );
    const stricter = accepted.filter((_, index) => verdicts[bad.length + index] !== "OK");
    expect(stricter.map(([name]) => name)).toEqual(
      accepted.filter(([, { stricter }]) => stricter?.java).map(([name]) => name),
    );
    expect(new Set(verdicts.slice(bad.length + good.length))).toEqual(new Set(["OK"]));
  });
});
