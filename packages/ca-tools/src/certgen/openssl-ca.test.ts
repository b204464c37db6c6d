/** Interchange with the commands that the original script consists of. */
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCa } from "../authority/load-ca.ts";
import { openPki } from "../folder/pki.ts";
import { fieldDifferences } from "../testing/certificate-fields.ts";
import { openssl } from "../testing/openssl.ts";
import { type OpensslAuthority, opensslAuthority } from "../testing/openssl-authority.ts";
import { scratch } from "../testing/scratch.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { createScriptCertificate } from "./create-certificate.ts";
import { createScriptChain } from "./create-chain.ts";
import type { ScriptCertificateKind } from "./script-files.ts";

const now = new Date();
const CHAIN = "certs/azure-iot-test-only.chain.ca.cert.pem";
const ROOT = "certs/azure-iot-test-only.root.ca.cert.pem";
const INTERMEDIATE = "certs/azure-iot-test-only.intermediate.cert.pem";

const issue = (folder: string, kind: ScriptCertificateKind, commonName: string, force = false) =>
  createScriptCertificate(folder, {
    kind,
    commonName,
    now: new Date(),
    algorithm: "ec-p256",
    force,
  });

function begunByOpenssl(): { folder: string; authority: OpensslAuthority } {
  const folder = scratch();
  const authority = opensslAuthority(folder, scratch());
  authority.begin();
  return { folder, authority };
}

const rows = (folder: string) =>
  readFileSync(join(folder, "index.txt"), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((row) => row.split("\t"))
    .map(([status, , , serial, , subject]) => `${status} ${serial} ${subject}`);

/** What openssl says of every certificate that the folder's lists name. */
function verifyAll(folder: string): void {
  const serials = rows(folder).map((row) => row.split(" ")[1]);
  const files = serials.map((serial) => `newcerts/${serial}.pem`);
  const bundle = existsSync(join(folder, CHAIN)) ? [CHAIN] : [ROOT, "-untrusted", INTERMEDIATE];
  const said = openssl(["verify", "-CAfile", ...bundle, ...files], folder);
  expect(said.trim().split("\n")).toEqual(files.map((file) => `${file}: OK`));
}

describe("a folder that openssl began", () => {
  it("is one that ours goes on in, and openssl after it", async () => {
    const { folder, authority } = begunByOpenssl();
    const { certificate } = await issue(folder, "device", "ours-1");
    expect(certificate.serialNumber).toBe("02");
    const one = {
      signer: "root",
      commonName: "theirs-1",
      extensions: "client",
      stem: "t1",
    } as const;
    expect(authority.issue(one)).toMatchObject({ status: 0 });
    await issue(folder, "deviceFromIntermediate", "ours-2");
    await issue(folder, "edge", "ours-3");
    const two = { ...one, signer: "intermediate", commonName: "theirs-2", stem: "t2" } as const;
    expect(authority.issue(two)).toMatchObject({ status: 0 });
    await issue(folder, "verification", "ours-4");
    expect(rows(folder).slice(1)).toEqual([
      ...["V 02 /CN=ours-1", "V 03 /CN=theirs-1", "V 04 /CN=ours-2", "V 05 /CN=ours-3.ca"],
      ...["V 06 /CN=theirs-2", "V 07 /CN=ours-4"],
    ]);
    verifyAll(folder);
  });

  it("keeps its rule of one valid certificate a name, on both sides", async () => {
    const { folder, authority } = begunByOpenssl();
    const theirs = { signer: "root", commonName: "dev", extensions: "client", stem: "t" } as const;
    expect(authority.issue(theirs)).toMatchObject({ status: 0 });
    await expect(issue(folder, "device", "dev")).rejects.toMatchObject({ code: "exists" });
    await issue(folder, "device", "dev", true);
    const again = authority.issue(theirs);
    expect([again.status, again.output]).toEqual([
      1,
      expect.stringContaining("already a certificate"),
    ]);
    // And its list is still one that it reads.
    expect(authority.issue({ ...theirs, commonName: "other" })).toMatchObject({ status: 0 });
    expect(rows(folder).slice(1)).toEqual(["R 02 /CN=dev", "V 03 /CN=dev", "V 04 /CN=other"]);
  });
});

describe("a folder that ours began", () => {
  it("is one that openssl goes on in, and ours after it", async () => {
    const folder = scratch();
    const authority = opensslAuthority(folder, scratch());
    await createScriptChain(folder, { now, algorithm: "ec-p256" });
    const one = {
      signer: "root",
      commonName: "theirs-1",
      extensions: "client",
      stem: "t1",
    } as const;
    expect(authority.issue(one)).toMatchObject({ status: 0 });
    const { certificate } = await issue(folder, "device", "ours-1");
    expect(certificate.serialNumber).toBe("03");
    const edge = {
      signer: "intermediate",
      commonName: "e.ca",
      extensions: "authority",
      stem: "e",
    } as const;
    expect(authority.issue(edge)).toMatchObject({ status: 0 });
    await issue(folder, "edge", "ours-2");
    expect(readFileSync(join(folder, "serial"), "utf8")).toBe("06\n");
    verifyAll(folder);
  });

  it("has a list that openssl reads, marks and revokes in", async () => {
    const folder = scratch();
    const authority = opensslAuthority(folder, scratch());
    await createScriptChain(folder, { now, algorithm: "ec-p256" });
    await issue(folder, "device", "a/b+ü");
    expect(authority.ca("root", "-status", "02").output).toContain("02=Valid");
    expect(authority.ca("root", "-updatedb")).toMatchObject({ status: 0 });
    expect(authority.ca("root", "-revoke", "newcerts/02.pem")).toMatchObject({ status: 0 });
    expect(authority.ca("root", "-status", "02").output).toContain("02=Revoked");
    expect(authority.ca("root", "-gencrl").output).toContain("BEGIN X509 CRL");
    await issue(folder, "device", "next");
    expect(rows(folder).map((row) => row.slice(0, 4))).toEqual(["V 01", "R 02", "V 03"]);
  });

  it("may have CA keys in the older form of encryption", async () => {
    const { folder, authority } = begunByOpenssl();
    const key = "private/azure-iot-test-only.root.ca.key.pem";
    const [, password = ""] = authority.passwordArgs;
    const old = ["ec", ...authority.passwordArgs, "-aes256", "-passout", password];
    openssl([...old, "-in", key, "-out", "key"], folder);
    renameSync(join(folder, "key"), join(folder, key));
    expect(readFileSync(join(folder, key), "utf8")).toContain("Proc-Type: 4,ENCRYPTED");
    expect((await issue(folder, "device", "dev")).certificate.issuer).toContain("Azure IoT Hub CA");
  });
});

/** The whole list: what `docs/coming-from-certgen.md` explains. */
const DIFFERENCES = { lifetime: ["43205 minutes", "43200 minutes"] };

describe("a certificate of ours and one of openssl", () => {
  const KINDS = [
    { kind: "verification", stem: "verification-code", signer: "root", extensions: "client" },
    { kind: "device", stem: "new-device", signer: "root", extensions: "client" },
    {
      kind: "deviceFromIntermediate",
      stem: "new-device",
      signer: "intermediate",
      extensions: "client",
    },
    { kind: "edge", stem: "new-edge-device", signer: "intermediate", extensions: "authority" },
  ] as const;

  it("say the same, field by field, but for the minutes that ours is set back", async () => {
    const [ours, theirs] = [scratch(), begunByOpenssl()];
    await createScriptChain(ours, { now, algorithm: "ec-p256" });
    const differences: Record<string, unknown> = {};
    const compare = (name: string, file: string) => {
      const [a, b] = [ours, theirs.folder].map((folder) =>
        parseCertificate(readFileSync(join(folder, file), "utf8")),
      ) as [Certificate, Certificate];
      differences[name] = fieldDifferences(a, b);
    };
    compare("root", ROOT);
    compare("intermediate", INTERMEDIATE);
    for (const [index, { kind, ...rest }] of KINDS.entries()) {
      const name = `dev-${index}`;
      const options = { kind, commonName: name, now, algorithm: "ec-p256" } as const;
      await createScriptCertificate(ours, options);
      const commonName = kind === "edge" ? `${name}.ca` : name;
      expect(theirs.authority.issue({ ...rest, commonName })).toMatchObject({ status: 0 });
      compare(kind, `certs/${rest.stem}.cert.pem`);
    }
    const names = ["root", "intermediate", ...KINDS.map(({ kind }) => kind)];
    expect(differences).toEqual(Object.fromEntries(names.map((name) => [name, DIFFERENCES])));
  });
});

describe("a folder of the scripts", () => {
  it("is listed in pki.json by the first change, its keys opened without a question", async () => {
    const { folder } = begunByOpenssl();
    const adopted = await openPki(folder);
    expect(adopted?.cas).toMatchObject([
      { name: "root", issuer: null },
      { name: "intermediate", issuer: "root" },
    ]);
    expect(existsSync(join(folder, "pki.json"))).toBe(false);
    if (adopted === undefined) throw new Error("not adopted");
    expect((await loadCa(folder, adopted, "intermediate")).chain).toHaveLength(2);
    await issue(folder, "device", "dev");
    expect((await openPki(folder))?.cas).toEqual(adopted.cas);
    expect(existsSync(join(folder, "pki.json"))).toBe(true);
  });
});
