import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { NOW } from "../testing/authority.ts";
import { buildScripts, builtScript, runChild } from "../testing/children.ts";
import { openssl } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { changePki, openPki } from "./pki.ts";

const FILE = { path: "certs/a.cert.pem", data: "a" };
const change = (folder: string) => changePki(folder, () => ({ files: [FILE] }));
const isRoot = process.getuid?.() === 0;

beforeAll(buildScripts, 60_000);

describe("a PKI folder", { timeout: 20_000 }, () => {
  it("does not come into being by being read", async () => {
    const folder = join(scratch(), "pki");
    expect(await openPki(folder)).toBeUndefined();
    expect(existsSync(folder)).toBe(false);
  });

  it("begins with the parts that the original scripts and `openssl ca` expect", async () => {
    const folder = join(scratch(), "deep", "pki");
    await change(folder);
    expect(Object.keys(snapshot(folder)).sort()).toEqual([
      ".gitignore",
      "certs/.gitignore",
      "certs/a.cert.pem",
      "crlnumber",
      "index.txt",
      "index.txt.attr",
      "pki.json",
      "private/.gitignore",
      "serial",
    ]);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["crl", "csr", "newcerts"]));
    expect(readFileSync(join(folder, "index.txt.attr"), "utf8")).toBe("unique_subject = no\n");
    expect(await openPki(folder)).toEqual({ version: 1, cas: [] });
  });

  it("does not count anew where certificates are listed", async () => {
    const folder = scratch();
    await change(folder);
    writeFileSync(join(folder, "index.txt"), "row\n");
    rmSync(join(folder, "serial"));
    await changePki(folder, () => ({ files: [{ ...FILE, path: "certs/b.cert.pem" }] }));
    expect(existsSync(join(folder, "serial"))).toBe(false);
  });

  it("may begin beside what says nothing of a folder's owner", async () => {
    const folder = scratch();
    writeFileSync(join(folder, ".DS_Store"), "");
    writeFileSync(join(folder, ".gitignore"), "mine\n");
    await change(folder);
    expect(readFileSync(join(folder, ".gitignore"), "utf8")).toBe("mine\n");
  });

  it("has a private key removed by its next reader that a killed command left behind", async () => {
    const folder = scratch();
    await change(folder);
    writeFileSync(join(folder, "private", ".tmp-0123-0"), "key");
    await openPki(folder);
    expect(readdirSync(join(folder, "private"))).toEqual([".gitignore"]);
  });

  it("may begin in an empty folder", async () => {
    const folder = scratch();
    await change(folder);
    expect(await openPki(folder)).toEqual({ version: 1, cas: [] });
  });

  it("keeps what is there when it is changed again", async () => {
    const folder = scratch();
    await change(folder);
    writeFileSync(join(folder, "index.txt"), "row\n");
    writeFileSync(join(folder, "serial"), "0A\n");
    await changePki(folder, () => ({ files: [{ ...FILE, path: "certs/b.cert.pem" }] }));
    expect(snapshot(folder)).toMatchObject({ "index.txt": "row\n", serial: "0A\n" });
  });

  it("is one that `openssl ca` works in", async () => {
    const folder = scratch();
    const { createRoot } = await import("../authority/create-ca.ts");
    await createRoot(folder, { commonName: "Factory Root CA", now: new Date() });
    const config = join(scratch(), "ca.cnf");
    writeFileSync(
      config,
      `[ca]\ndefault_ca=here\n[here]\ndir=${folder}\ndatabase=$dir/index.txt\nserial=$dir/serial\n` +
        "new_certs_dir=$dir/newcerts\ncertificate=$dir/certs/azure-iot-test-only.root.ca.cert.pem\n" +
        "private_key=$dir/private/azure-iot-test-only.root.ca.key.pem\ndefault_md=sha256\n" +
        "crlnumber=$dir/crlnumber\ndefault_days=10\npolicy=any\n[any]\ncommonName=supplied\n",
    );
    const csr = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl([...csr, "-subj", "/CN=dev-1", "-keyout", "k", "-out", "r"], folder);
    openssl(["ca", "-batch", "-config", config, "-in", "r", "-out", "c", "-notext"], folder);
    expect(readFileSync(join(folder, "serial"), "utf8")).toBe("02\n");
    expect(openssl(["ca", "-config", config, "-gencrl", "-crldays", "1"], folder)).toContain(
      "BEGIN X509 CRL",
    );
    expect(readFileSync(join(folder, "crlnumber"), "utf8")).toBe("02\n");
  });

  it("keeps keys to their owner from the first moment, whatever the umask", async () => {
    const folder = join(scratch(), "pki");
    const modes = await runChild("watch-modes.js", [folder, NOW.toISOString()]);
    const seen = JSON.parse(modes.stdout) as Record<string, number[]>;
    const of = (pattern: RegExp) =>
      Object.entries(seen).flatMap(([path, found]) => (pattern.test(path) ? found : []));
    expect(of(/^private\/(?:\.tmp-|.*\.key\.pem$)/).length).toBeGreaterThan(3);
    expect(new Set(of(/^private\/\.tmp-/))).toEqual(new Set([0o600]));
    expect(new Set(of(/\.key\.pem$/))).toEqual(new Set([0o600]));
    expect(new Set(of(/^(?:private|\.pending)$/))).toEqual(new Set([0o700]));
    expect(new Set(of(/^\.pending\//))).toEqual(new Set([0o600]));
  });
});

describe("a folder of somebody else", () => {
  it.each([
    ["holds other things", { "notes.txt": "mine" }],
    ["holds a hidden file", { ".env": "mine" }],
    ["holds a temporary file of another program", { ".tmp-mine": "mine" }],
    ["is one of the original scripts without pki.json", { "index.txt": "", "certs/x": "mine" }],
  ])("is refused and left as it was: it %s", async (_, files) => {
    const folder = scratch();
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const refusal = { code: "not-a-pki-folder", file: folder };
    await expect(openPki(folder)).rejects.toMatchObject(refusal);
    await expect(change(folder)).rejects.toMatchObject(refusal);
    expect(snapshot(folder)).toEqual(files);
    expect(readdirSync(folder)).not.toContain(".lock");
  });
});

describe("a folder that cannot be", { timeout: 20_000 }, () => {
  it("is refused below a file, which stays", async () => {
    const file = join(scratch(), "file");
    writeFileSync(file, "mine");
    for (const folder of [file, join(file, "pki")]) {
      await expect(change(folder)).rejects.toMatchObject({ code: "not-writable" });
      await expect(openPki(folder)).rejects.toMatchObject({ code: "not-writable" });
    }
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("is refused where nothing may be written", async () => {
    const parent = scratch();
    const there = join(parent, "there");
    await change(there);
    const before = snapshot(there);
    chmodSync(join(there, "private"), 0o755);
    chmodSync(there, 0o555);
    chmodSync(parent, 0o555);
    // Root may write anywhere, so somebody else has to try.
    const options = isRoot ? { runAs: 65_534 } : {};
    for (const folder of [there, join(parent, "new")]) {
      const child = await runChild("change-folder.js", [folder, "one"], options);
      expect(JSON.parse(child.stdout)).toMatchObject({ code: "not-writable", file: folder });
    }
    chmodSync(parent, 0o755);
    chmodSync(there, 0o755);
    expect(snapshot(there)).toEqual(before);
    expect(readdirSync(parent)).toEqual(["there"]);
  });
});

describe("a damaged folder", () => {
  async function damaged(name: string, content: string): Promise<string> {
    const folder = scratch();
    await change(folder);
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
    return folder;
  }

  it.each([
    ["empty", ""],
    ["half written", '{"version":1,"cas":[{"na'],
    ["of a later version", '{"version":2,"cas":[]}'],
    ["with a name that is a path", registryNaming("../../etc/passwd")],
    ["with a name that is a path of Windows", registryNaming("..\\x")],
    // JSON would write it back as null.
    [
      "with a number that is none",
      registryNaming("a").replace('"generation":1', '"generation":1e400'),
    ],
  ])("is named when pki.json is %s, and nothing is lost", async (_, content) => {
    const folder = await damaged("pki.json", content);
    const before = snapshot(folder);
    const refusal = { code: "damaged-folder", file: join(folder, "pki.json") };
    await expect(openPki(folder)).rejects.toMatchObject(refusal);
    await expect(changePki(folder, () => ({ files: [] }))).rejects.toMatchObject(refusal);
    expect(snapshot(folder)).toEqual(before);
  });

  const ok = { moves: [], files: [], rows: [] };
  const TMP = "certs/.tmp-0-0";
  it.each([
    ["is no JSON", "{"],
    ["leads out of the folder", intent({ ...ok, files: [{ from: TMP, to: "../x" }] })],
    ["leads there by a detour", intent({ ...ok, files: [{ from: TMP, to: "certs/../../x" }] })],
    ["names a folder", intent({ ...ok, files: [{ from: TMP, to: "certs/.." }] })],
    ["renames a private key", intent({ ...ok, files: [{ from: "private/x", to: "certs/x" }] })],
    [
      "moves to where no archive is",
      intent({ ...ok, moves: [{ from: "private/x", to: "certs/x" }] }),
    ],
    ["moves an absolute path", intent({ ...ok, moves: [{ from: "/etc/passwd", to: "old-1/x" }] })],
  ])("is named when its intent %s, and nothing is lost", async (_, content) => {
    const folder = await damaged(".pending/0123456789ab.json", content);
    const before = snapshot(folder);
    const file = join(folder, ".pending", "0123456789ab.json");
    await expect(openPki(folder)).rejects.toMatchObject({ code: "damaged-folder", file });
    await expect(changePki(folder, () => ({ files: [] }))).rejects.toMatchObject({ file });
    expect(snapshot(folder)).toEqual(before);
  });
});

function registryNaming(name: string): string {
  const sha256 = "A".repeat(64);
  const ca = { name, file: "x", issuer: null, sha256, group: null, generation: 1 };
  return JSON.stringify({ version: 1, cas: [ca] });
}

function intent(content: unknown): string {
  return JSON.stringify(content);
}

describe("changePki", { timeout: 20_000 }, () => {
  it("changes nothing when the plan fails", async () => {
    const folder = scratch();
    await change(folder);
    const before = snapshot(folder);
    const failing = changePki(folder, () => Promise.reject(new Error("no plan")));
    await expect(failing).rejects.toThrow("no plan");
    expect(snapshot(folder)).toEqual(before);
  });

  it("does not list a CA under a name that could not be read again", async () => {
    const folder = scratch();
    await change(folder);
    const before = snapshot(folder);
    const sha256 = "A".repeat(64);
    const ca = { name: "a b", file: "x", issuer: null, sha256, group: null, generation: 1 };
    const changing = changePki(folder, (registry) => ({
      files: [],
      registry: { ...registry, cas: [ca] },
    }));
    await expect(changing).rejects.toThrow();
    expect(snapshot(folder)).toEqual(before);
  });

  it("begins no change that could not be read again after a crash", async () => {
    const folder = scratch();
    await change(folder);
    const before = snapshot(folder);
    const moves = [{ from: "certs/a.cert.pem", to: "old-1/certs/a b" }];
    await expect(changePki(folder, () => ({ moves, files: [] }))).rejects.toThrow();
    expect(snapshot(folder)).toEqual(before);
  });

  it("needs no more open files than a shell gives it", async () => {
    const folder = scratch();
    const shell = ["-c", `ulimit -n 128; exec "$0" "$@"`, process.execPath];
    const script = await builtScript("change-folder.js");
    execFileSync("sh", [...shell, script, folder, "many"]);
    expect(readdirSync(join(folder, "certs"))).toHaveLength(301);
  });

  it("goes on with a folder that was copied", async () => {
    const folder = scratch();
    await change(folder);
    const copy = join(scratch(), "copy");
    cpSync(folder, copy, { recursive: true });
    await changePki(copy, () => ({ files: [{ ...FILE, path: "certs/b.cert.pem" }] }));
    expect(statSync(join(copy, "certs/b.cert.pem")).mode & 0o777).toBe(0o644);
  });
});
