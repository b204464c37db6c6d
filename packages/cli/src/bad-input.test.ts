import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Bench, createBench, type Outcome } from "./testing/bench.ts";

const BECOME_USER = fileURLToPath(new URL("./testing/become-user.js", import.meta.url));

/** One line that says what is wrong, and at the most one more that says what to do. */
function expectPlainError({ status, stderr, stdout }: Outcome, wanted: number): string {
  const lines = stderr.trimEnd().split("\n");
  const at = lines.findIndex((line) => line.startsWith("dps-certs: "));
  expect([status, lines.slice(at).length <= 2, at >= 0]).toEqual([wanted, true, true]);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stdout).toBe("");
  return lines.slice(at).join("\n");
}

describe("wrong usage", () => {
  it.each([
    ["enroll thermostats --bogus", 'unknown option "--bogus"'],
    ["enroll --bogus thermostats", 'unknown option "--bogus"'],
    ["enroll thermostats --dryrun", "did you mean --dry-run?"],
    ["enroll -x thermostats", 'unknown option "-x"'],
    ["enroll thermostats --force", 'unknown option "--force"'],
    ["emulator start --yes=1 extra", "unknown argument: extra"],
    ["enrol thermostats", "did you mean enroll?"],
    ["device creat x", "did you mean create?"],
    ["enroll", "<group> is missing: dps-certs enroll <group>"],
    ["certificate show", "<name> is missing: dps-certs certificate show <name>"],
    ["enroll thermostats --devices 1 --prefix azure-iot-test-only.x", "is reserved"],
    ["enroll thermostats --devices 1 --prefix x/y", "only letters, digits"],
    ["enroll a/b", "only letters, digits"],
    ["enroll dev.", "the last character"],
    [`enroll ${"x".repeat(129)}`, "129 characters"],
    ["enroll thermostats --devices 1e3", "--devices must be a whole number from 1 to 10000"],
    ["enroll thermostats --devices 0", "--devices must be"],
    ["enroll thermostats --devices -1", "--devices"],
    ["enroll thermostats --register", "--register needs devices"],
    ["enroll thermostats --verify-ca leaf", "--verify-ca takes"],
    [`enroll ${"x".repeat(70)} --devices 1`, "the common name of a certificate holds 64"],
    ["enroll thermostats --target nowhere", "--target takes azure, embedded, a URL or a file"],
    ["enroll thermostats --target http://localhost:1", "--target must be an https URL"],
    ["enroll thermostats --pki=", "--pki needs a value"],
    ["enroll thermostats --pki a --pki b", "--pki is given more than once"],
    ["enroll thermostats --pki", "--pki needs a value"],
    ["ca create --algorithm ed25519", "--algorithm takes"],
    ["ca create --root-days ten", "--root-days must be a whole number"],
    ["device create a b!", "only letters, digits"],
    ["device create twice TWICE", "is named twice"],
    ["device register", "name a device, or say --all"],
    ["device register x --all", "name a device, or say --all"],
    ["emulator start --port 70000", "--port must be a whole number from 0 to 65535"],
    ["", "name a command"],
    ["ca", "name a command"],
  ])("%s: exit status 2, says %s", async (line, words) => {
    const bench = createBench();
    const message = expectPlainError(await bench.run(line), 2);
    expect(message).toContain(words);
    expect(bench.snapshot()).toEqual({});
    expect(existsSync(bench.path(".dps-certs"))).toBe(false);
  });

  it("takes an id that looks like a number for what it is", async () => {
    const bench = createBench();
    await bench.run("enroll 1e3 --devices 1");
    expect(await bench.json("device list")).toMatchObject([{ id: "1e3-001" }]);
    expect(await bench.json("group show 1e3")).toMatchObject({ enrollmentGroupId: "1e3" });
  });

  it("is told in the same words in every locale", async () => {
    const env = { LC_ALL: "de_DE.UTF-8", LANG: "de_DE.UTF-8" };
    const { status, stderr } = await createBench().start(["enroll"], { env }).ended;
    expect([status, stderr]).toEqual([2, expect.stringContaining("<group> is missing")]);
  });

  it("tells the same as JSON when JSON is asked for", async () => {
    const bench = createBench();
    const { status, stdout } = await bench.run("certificate show missing -o json");
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: "not-found",
        message: expect.stringContaining("missing"),
        trackingId: expect.any(String),
      },
    });
  });

  it("takes the short form of --output with its value behind it", async () => {
    const { stdout } = await createBench().run("group list -ojson");
    expect(JSON.parse(stdout)).toEqual([]);
  });
});

describe("a PKI folder", () => {
  it("that belongs to something else is left alone", async () => {
    const bench = createBench();
    mkdirSync(bench.path("pki"));
    writeFileSync(bench.path("pki/thesis.txt"), "mine");
    const message = expectPlainError(await bench.run("enroll thermostats"), 1);
    expect(message).toContain("thesis.txt");
    expect(message).toContain("--pki");
    expect(Object.keys(bench.snapshot())).toEqual(["pki/thesis.txt"]);
    expect(existsSync(bench.path(".dps-certs"))).toBe(false);
  });

  it("that is a file is named", async () => {
    const bench = createBench();
    writeFileSync(bench.path("pki"), "");
    expect(expectPlainError(await bench.run("enroll thermostats"), 1)).toContain(bench.path("pki"));
  });

  it("may be the working folder itself", async () => {
    const bench = createBench();
    expect((await bench.run("enroll thermostats --pki . --devices 1 --register")).status).toBe(0);
    expect((await bench.run("enroll thermostats --pki .")).stdout).toContain("nothing to do");
  });

  it("never hands a private key to git, replaced ones included", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1");
    await bench.run("device create thermostats-001 --force");
    await bench.run("ca create --force");
    const git = (...args: string[]) =>
      execFileSync("git", args, { cwd: bench.folder, encoding: "utf8" });
    git("init", "--quiet");
    git("add", "--all");
    expect(
      git("ls-files")
        .split("\n")
        .filter((file) => /key|old-|state/.test(file)),
    ).toEqual([]);
  });

  it("has a device made again of which a part was lost, and keeps the rest", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1");
    const key = readFileSync(bench.path("pki/private/thermostats-001.key.pem"), "utf8");
    rmSync(bench.path("pki/certs/thermostats-001.cert.pem"));
    expect((await bench.run("enroll thermostats --devices 1 --register")).status).toBe(0);
    const digests = Object.values(bench.snapshot());
    expect(digests).toContain(createHash("sha256").update(key).digest("hex"));
  });

  it.each([
    ["pki/private/azure-iot-test-only.root.ca.key.pem", "ca create --force"],
    ["pki/private/thermostats-001.key.pem", "device create thermostats-001 --force"],
  ])("without %s says what helps, and that helps", async (file, remedy) => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1");
    rmSync(bench.path(file));
    const message = expectPlainError(await bench.run("enroll thermostats --devices 1"), 1);
    expect(message).toContain(`dps-certs ${remedy}`);
    expect((await bench.run(remedy)).status).toBe(0);
    expect((await bench.run("enroll thermostats --devices 1 --replace")).status).not.toBe(2);
  });

  const damage = (bench: Bench, file: string, content: string) => {
    const intact = bench.snapshot();
    const original = readFileSync(bench.path(file), "utf8");
    writeFileSync(bench.path(file), content);
    return () => {
      writeFileSync(bench.path(file), original);
      expect(bench.snapshot()).toEqual(intact);
    };
  };

  it.each([
    ["pki/certs/azure-iot-test-only.root.ca.cert.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n"],
    ["pki/private/azure-iot-test-only.root.ca.key.pem", "not a key"],
    ["pki/private/azure-iot-test-only.intermediate.key.pem", ""],
    ["pki/certs/thermostats-001.cert.pem", "garbage"],
    ["pki/private/thermostats-001.key.pem", "garbage"],
    ["pki/pki.json", "{"],
    ["pki/pki.json", '{"version":1,"cas":[{"name":"../../x"}]}'],
  ])("with a damaged %s names the file, and loses nothing", async (file, content) => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1");
    const restoreAndCompare = damage(bench, file, content);
    const message = expectPlainError(await bench.run("enroll thermostats --devices 1"), 1);
    expect(message).toContain(bench.path(file));
    expect(message.split("\n")).toHaveLength(2);
    restoreAndCompare();
  });

  it("with the key of another device says which two do not belong together", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 2");
    const other = readFileSync(bench.path("pki/private/thermostats-002.key.pem"), "utf8");
    writeFileSync(bench.path("pki/private/thermostats-001.key.pem"), other);
    const answer = await bench.json("device register thermostats-001");
    expect(answer).toMatchObject({ error: { code: "key-mismatch" } });
  });

  it("is not replaced by ca create unless forced, and then kept", async () => {
    const bench = createBench();
    await bench.run("ca create");
    const before = bench.snapshot();
    const message = expectPlainError(await bench.run("ca create"), 1);
    expect(message).toContain("--force");
    expect(bench.snapshot()).toEqual(before);
    expect((await bench.run("ca create --force")).status).toBe(0);
    const kept = Object.values(bench.snapshot());
    for (const name of ["root.ca.cert", "root.ca.key", "intermediate.cert", "intermediate.key"]) {
      const folder = name.endsWith("key") ? "private" : "certs";
      expect(kept).toContain(before[`pki/${folder}/azure-iot-test-only.${name}.pem`]);
    }
  });
});

describe("a state folder", () => {
  it("that cannot be written is named, with the way out", async () => {
    const bench = createBench();
    writeFileSync(bench.path("file"), "");
    const message = expectPlainError(
      await bench.run("enroll thermostats --state-dir file/state"),
      1,
    );
    expect(message).toContain("file/state");
    expect(message).toContain("--state-dir");
  });

  it.runIf(process.getuid?.() === 0)(
    "that another user owns is named, with the way out",
    async () => {
      const bench = createBench();
      chmodSync(bench.folder, 0o755);
      const options = { env: { RUN_AS: "65534" }, script: BECOME_USER };
      const outcome = await bench.start(["enroll", "thermostats"], options).ended;
      const message = expectPlainError(outcome, 1);
      expect(message).toContain(bench.path(".dps-certs"));
      expect(bench.snapshot()).toEqual({});
    },
  );

  it("that holds other things is left alone", async () => {
    const bench = createBench();
    mkdirSync(bench.path("photos"));
    writeFileSync(bench.path("photos/cat.jpg"), "cat");
    const message = expectPlainError(await bench.run("enroll thermostats --state-dir photos"), 1);
    expect(message).toContain("photos");
    expect(Object.keys(bench.snapshot())).toEqual(["photos/cat.jpg"]);
  });

  it("whose database is damaged is named", async () => {
    const bench = createBench();
    // In a process of its own, which has let go of the database when it is damaged.
    await bench.start(["enroll", "thermostats"]).ended;
    writeFileSync(bench.path(".dps-certs/state.db"), "this was a database once ".repeat(999));
    const message = expectPlainError(await bench.run("group list"), 1);
    expect(message).toContain("state.db");
  });
});

describe("emulator start", () => {
  it("on a port in use names the port and the flag", async () => {
    const bench = createBench();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const message = expectPlainError(await bench.run(`emulator start --port ${port}`), 1);
    server.close();
    expect(message).toContain(String(port));
    expect(message).toContain("--port");
  });
});
