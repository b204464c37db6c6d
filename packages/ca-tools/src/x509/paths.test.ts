import { describe, expect, it } from "vitest";
import { issue, rootCa } from "../testing/authority.ts";
import type { Certificate } from "./certificate.ts";
import type { Issuer } from "./issue.ts";
import { generateKeyPair } from "./keys.ts";
import { findPaths, isIssuedBy, MAX_PATH_LENGTH } from "./paths.ts";

const of = (...issuers: Issuer[]) => issuers.map(({ certificate }) => certificate);

function pathsOf(leaf: Issuer, presented: Certificate[], anchors: Certificate[]): string[] {
  const found = findPaths({ leaf: leaf.certificate, presented, anchors });
  return [...found].map((path) => path.map(({ subject }) => subject.slice(3)).join(" < "));
}

describe("isIssuedBy", () => {
  it("wants the name and the signature", async () => {
    const keys = await generateKeyPair();
    const root = await rootCa("Root", { keys });
    const renamed = await rootCa("Renamed", { keys });
    const other = await rootCa("Root");
    const { certificate } = await issue("dev-1", root);
    expect(isIssuedBy(certificate, root.certificate)).toBe(true);
    expect(isIssuedBy(certificate, renamed.certificate)).toBe(false);
    expect(isIssuedBy(certificate, other.certificate)).toBe(false);
  });

  it("is false for a key of another kind", async () => {
    const root = await rootCa("Root");
    const rsa = await rootCa("Root", { keys: await generateKeyPair("rsa-2048") });
    expect(isIssuedBy((await issue("dev-1", root)).certificate, rsa.certificate)).toBe(false);
  });
});

describe("findPaths", () => {
  it("finds the path whatever order the certificates came in", async () => {
    const root = await rootCa("Root");
    const upper = await issue("Upper", root);
    const lower = await issue("Lower", upper);
    const leaf = await issue("dev-1", lower, { profile: "device" });
    const path = "dev-1 < Lower < Upper < Root";
    expect(pathsOf(leaf, of(lower, upper), of(root))).toEqual([path]);
    expect(pathsOf(leaf, of(upper, lower), of(root))).toEqual([path]);
    expect(pathsOf(leaf, of(lower, upper, lower, leaf), of(root, root))).toEqual([path]);
  });

  it("goes as far up as issuers are found", async () => {
    const root = await rootCa("Root");
    const upper = await issue("Upper", root);
    const lower = await issue("Lower", upper);
    const leaf = await issue("dev-1", lower, { profile: "device" });
    expect(pathsOf(leaf, of(lower), of(root))).toEqual(["dev-1 < Lower"]);
    expect(pathsOf(leaf, [], of(root))).toEqual(["dev-1"]);
  });

  it("finds both paths through a CA that two roots signed", async () => {
    const [one, two] = [await rootCa("Root 1"), await rootCa("Root 2")];
    const keys = await generateKeyPair();
    const first = await issue("Crossed", one, { keys });
    const second = await issue("Crossed", two, { keys });
    const leaf = await issue("dev-1", first, { profile: "device" });
    expect(pathsOf(leaf, of(first, second), of(one, two)).sort()).toEqual([
      "dev-1 < Crossed < Root 1",
      "dev-1 < Crossed < Root 2",
    ]);
  });

  it("tries what was known beforehand before what came along", async () => {
    const keys = await generateKeyPair();
    const [known, other] = [await rootCa("Root", { keys }), await rootCa("Root", { keys })];
    const leaf = await issue("dev-1", known, { profile: "device" });
    const [first] = findPaths({
      leaf: leaf.certificate,
      presented: of(other),
      anchors: of(known),
    });
    expect(first?.[1]?.sha256).toBe(known.certificate.sha256);
  });

  it("ends where CAs signed one another in a ring", async () => {
    const [a, b] = [await rootCa("A"), await rootCa("B")];
    const pair = ({ certificate, privateKey }: Issuer) => ({
      privateKey,
      publicKey: certificate.x509.publicKey,
    });
    const ring = [
      await issue("A", b, { keys: pair(a) }),
      await issue("B", a, { keys: pair(b) }),
    ] as const;
    const leaf = await issue("dev-1", a, { profile: "device" });
    expect(pathsOf(leaf, of(...ring), [])).toEqual(["dev-1 < A < B"]);
  });

  it("follows no path beyond its bound", async () => {
    const chain = [await rootCa("CA 0")];
    for (let n = 1; n <= MAX_PATH_LENGTH + 2; n += 1) {
      chain.push(await issue(`CA ${n}`, chain.at(-1) as Issuer));
    }
    const leaf = await issue("dev-1", chain.at(-1) as Issuer, { profile: "device" });
    const [path] = findPaths({ leaf: leaf.certificate, presented: of(...chain), anchors: [] });
    expect(path).toHaveLength(MAX_PATH_LENGTH);
  });

  it("tries a bounded number of signatures, however many certificates bear one name", async () => {
    const keys = await generateKeyPair();
    const layer = (name: string) =>
      Promise.all(Array.from({ length: 12 }, () => rootCa(name, { keys })));
    const namesakes = of(...(await layer("CA")));
    let tried = 0;
    for (const certificate of namesakes) {
      const verify = certificate.x509.verify.bind(certificate.x509);
      certificate.x509.verify = (key) => {
        tried += 1;
        return verify(key);
      };
    }
    const leaf = await issue("dev-1", { certificate: namesakes[0] as Certificate, ...keys });
    const found = [...findPaths({ leaf: leaf.certificate, presented: namesakes, anchors: [] })];
    // 12 interchangeable CAs have 12! orders.
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(64);
    expect(tried).toBeLessThanOrEqual(64);
  });
});
