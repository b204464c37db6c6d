import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { startEmulator } from "@dps-certs/dps-emulator";
import { describe, expect, it, onTestFinished } from "vitest";
import { enroll as runEnroll } from "./flow/enroll.ts";
import { type Connection, connectEmulator } from "./target/connection.ts";
import { type Bench, createBench } from "./testing/bench.ts";
import { silent } from "./testing/silent.ts";

const ROOT = "pki/certs/azure-iot-test-only.root.ca.cert.pem";
const INTERMEDIATE = "pki/certs/azure-iot-test-only.intermediate.cert.pem";

interface Enrolled {
  changed: boolean;
  steps: { id: string; status: string; detail: string }[];
  devices: string[];
}

const enroll = async (bench: Bench, line: string) =>
  (await bench.json(`enroll ${line}`)) as Enrolled;
const statuses = ({ steps }: Enrolled) =>
  Object.fromEntries(steps.map(({ id, status }) => [id, status]));
const codeOf = (answer: unknown) => (answer as { error: { code: string } }).error.code;

describe("enroll", () => {
  it("makes a chain that OpenSSL accepts strictly", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1");
    const verified = bench.openssl(
      ...["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", ROOT],
      ...["-untrusted", INTERMEDIATE, "pki/certs/thermostats-001.cert.pem"],
    );
    expect(verified).toContain("thermostats-001.cert.pem: OK");
    const text = bench.openssl("x509", "-noout", "-text", "-in", INTERMEDIATE);
    expect(text).toContain("Issuer: CN = thermostats Root CA");
    expect(text).toContain("Subject: CN = thermostats Intermediate CA");
    expect(text).toContain("ASN1 OID: prime256v1");
  });

  it("leaves in the service what the next process finds there", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 2 --register");
    const ask = async (...args: string[]) =>
      JSON.parse((await bench.start([...args, "--json"]).ended).stdout);
    const [group] = await ask("group", "list");
    const sha256 = bench
      .openssl("x509", "-noout", "-fingerprint", "-sha256", "-in", INTERMEDIATE)
      .replace(/.*=|:|\n/g, "");
    expect(group).toMatchObject({
      enrollmentGroupId: "thermostats",
      provisioningStatus: "enabled",
    });
    expect(group.attestation.x509.signingCertificates.primary.info.sha256Thumbprint).toBe(sha256);
    const [certificate] = await ask("certificate", "list");
    expect(certificate).toMatchObject({
      name: "thermostats-root",
      properties: { isVerified: true },
    });
    expect((await ask("device", "list")).map(({ id }: { id: string }) => id)).toEqual([
      "thermostats-001",
      "thermostats-002",
    ]);
  });

  it("registers each device, and reads back that it was assigned", async () => {
    const bench = createBench();
    const { steps } = await enroll(bench, "thermostats --devices 3 --register");
    expect(steps.at(-1)).toMatchObject({ status: "done", detail: "3 devices assigned" });
    const states = await bench.json("device register thermostats-002");
    expect(states).toMatchObject([{ registrationId: "thermostats-002", status: "assigned" }]);
  });

  it("does nothing when it is run again, and says so", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 2 --register");
    const before = bench.snapshot();
    const again = await bench.run("enroll thermostats --devices 2 --register");
    expect(again).toMatchObject({
      status: 0,
      stdout: "thermostats was enrolled already; nothing to do\n",
    });
    expect(bench.snapshot()).toEqual(before);
    const { changed, steps } = await enroll(bench, "thermostats --devices 2 --register");
    expect(changed).toBe(false);
    expect(new Set(steps.map(({ status }) => status))).toEqual(new Set(["already"]));
  });

  it("makes only what is missing when more devices are asked for", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1 --register");
    const first = readFileSync(bench.path("pki/certs/thermostats-001.cert.pem"), "utf8");
    const outcome = await enroll(bench, "thermostats --devices 2 --register");
    expect(statuses(outcome)).toMatchObject({
      "root-ca": "already",
      devices: "done",
      registrations: "done",
    });
    expect(readFileSync(bench.path("pki/certs/thermostats-001.cert.pem"), "utf8")).toBe(first);
  });

  it("gives a second group an intermediate of its own under the same root", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    const outcome = await enroll(bench, "boilers --devices 1 --register");
    expect(statuses(outcome)).toMatchObject({
      "root-ca": "already",
      "upload-root": "already",
      "intermediate-ca": "done",
    });
    const verified = bench.openssl(
      ...[
        "verify",
        "-x509_strict",
        "-CAfile",
        ROOT,
        "-untrusted",
        "pki/certs/boilers.intermediate.cert.pem",
      ],
      "pki/certs/boilers-001.cert.pem",
    );
    expect(verified).toContain(": OK");
    expect(await bench.json("certificate list")).toHaveLength(1);
  });

  it("prints the steps and creates nothing with --dry-run", async () => {
    const bench = createBench();
    const outcome = await bench.run("enroll thermostats --devices 2 --register --dry-run");
    expect(outcome.stdout).toBe("dry run: 7 steps to do, nothing was created\n");
    expect(outcome.stderr).toContain("create CN=thermostats Root CA");
    expect(readdirSync(bench.folder)).toEqual([]);
  });

  it("keeps private keys to their owner", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1", {});
    const mode = (path: string) => statSync(bench.path(path)).mode & 0o777;
    expect(mode("pki/private")).toBe(0o700);
    expect(mode(".dps-certs")).toBe(0o700);
    for (const key of readdirSync(bench.path("pki/private")).filter((name) =>
      name.endsWith(".pem"),
    )) {
      expect([key, mode(`pki/private/${key}`)]).toEqual([key, 0o600]);
    }
    for (const file of readdirSync(bench.path(".dps-certs"))) {
      expect([file, mode(`.dps-certs/${file}`)]).toEqual([file, 0o600]);
    }
  });

  it("proves possession of the intermediate instead, or of both", async () => {
    const bench = createBench();
    const one = await enroll(bench, "thermostats --verify-ca intermediate --devices 1 --register");
    expect(statuses(one)).toMatchObject({ "prove-intermediate": "done", registrations: "done" });
    expect(await bench.json("certificate list")).toMatchObject([
      { name: "thermostats-intermediate" },
    ]);
    const both = await enroll(bench, "thermostats --verify-ca both");
    expect(statuses(both)).toMatchObject({ "prove-root": "done", "prove-intermediate": "already" });
  });

  it("enrolls a group whose id is as long as the service allows", async () => {
    const bench = createBench();
    const id = `${"Long:group_".repeat(12).slice(0, 127)}x`;
    const outcome = await enroll(bench, `${id} --devices 1 --register --prefix dev`);
    expect(statuses(outcome)).toMatchObject({ registrations: "done" });
  });

  it("takes the chain that ca create made", async () => {
    const bench = createBench();
    await bench.run("ca create --subject Contoso");
    const outcome = await enroll(bench, "thermostats --devices 1 --register");
    expect(statuses(outcome)).toMatchObject({ "root-ca": "already", "intermediate-ca": "done" });
    expect(await bench.json("ca show")).toMatchObject([
      { name: "root", subject: "CN=Contoso Root CA" },
      { name: "intermediate", subject: "CN=Contoso Intermediate CA", group: "thermostats" },
    ]);
  });
});

describe("enroll, in several processes at once", () => {
  it.each([
    ["the same group", ["thermostats", "thermostats", "thermostats"]],
    ["different groups", ["thermostats", "boilers", "pumps"]],
  ])("for %s: each ends well, and nothing is made twice", async (_, groups) => {
    const bench = createBench();
    const outcomes = await Promise.all(
      groups.map((group) => bench.start(["enroll", group, "--devices", "2", "--register"]).ended),
    );
    expect(outcomes.map(({ status, stderr }) => [status, status === 0 ? "" : stderr])).toEqual(
      groups.map(() => [0, ""]),
    );
    const distinct = new Set(groups).size;
    expect(await bench.json("certificate list")).toHaveLength(1);
    expect(await bench.json("group list")).toHaveLength(distinct);
    expect(await bench.json("ca show")).toHaveLength(1 + distinct);
    const rows = readFileSync(bench.path("pki/index.txt"), "utf8").trim().split("\n");
    expect(rows.filter((row) => /-00\d$/.test(row))).toHaveLength(2 * distinct);
    expect(new Set(rows.map((row) => row.split("\t")[3])).size).toBe(rows.length);
  });
});

describe("enroll, when folder and service do not fit together", () => {
  it("makes everything again in a service that was reset", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1 --register");
    rmSync(bench.path(".dps-certs"), { recursive: true });
    const outcome = await enroll(bench, "thermostats --devices 1 --register");
    expect(statuses(outcome)).toEqual({
      "root-ca": "already",
      "intermediate-ca": "already",
      "upload-root": "done",
      "prove-root": "done",
      "enrollment-group": "done",
      devices: "already",
      registrations: "done",
    });
  });

  it.each([
    ["enroll thermostats", "thermostats-root"],
    ["enroll thermostats --verify-ca intermediate", "thermostats-intermediate"],
  ])(
    "makes nothing where the service has the names for a chain of another folder: %s",
    async (line, name) => {
      const bench = createBench();
      await bench.run(`${line} --pki theirs`);
      const answer = await bench.json(line);
      expect(answer).toMatchObject({
        error: {
          code: "drift",
          message: expect.stringMatching(
            new RegExp(`named ${name} already, SHA-1 [0-9A-F]{40}, .* pki$`),
          ),
          hint: expect.stringContaining("--pki"),
        },
      });
      expect(existsSync(bench.path("pki"))).toBe(false);
      expect((await bench.run(`${line} --dry-run`)).status).toBe(1);
    },
  );

  it("makes nothing where the service has a group of that name for another chain", async () => {
    const bench = createBench();
    await bench.run("ca create --pki theirs");
    await bench.run("enroll thermostats --pki theirs");
    const answer = await bench.json("enroll thermostats");
    expect(answer).toMatchObject({
      error: { code: "drift", message: expect.stringContaining("enrollment group thermostats") },
    });
    expect(existsSync(bench.path("pki"))).toBe(false);
  });

  it("stops where the service has the names for another chain, and shows both", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    await bench.run("ca create --force");
    const answer = await bench.json("enroll thermostats");
    expect(codeOf(answer)).toBe("drift");
    const [certificate] = (await bench.json("certificate list")) as {
      properties: { thumbprint: string };
    }[];
    const { message, hint } = (answer as { error: { message: string; hint: string } }).error;
    expect(message).toContain(certificate?.properties.thumbprint);
    expect(message).toContain(
      bench.openssl("x509", "-noout", "-fingerprint", "-in", ROOT).replace(/.*=|:|\n/g, ""),
    );
    expect(hint).toContain("--replace");
  });

  it("takes their place with --replace", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    rmSync(bench.path("pki"), { recursive: true });
    const outcome = await enroll(bench, "thermostats --devices 1 --register --replace");
    expect(statuses(outcome)).toMatchObject({
      "upload-root": "done",
      "prove-root": "done",
      registrations: "done",
    });
    expect(await bench.json("certificate list")).toHaveLength(1);
  });

  it("says which other CAs the service goes on trusting after --replace", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    await bench.run("ca create --force --subject Other");
    const { stderr } = await bench.run("enroll thermostats --replace");
    expect(stderr).toContain("goes on trusting CAs that are not this chain's: thermostats-root");
  });

  it("does not take the place of a group or certificate that somebody made meanwhile", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --pki theirs");
    // What is there is seen by the third look only, as if it had come after the other two.
    const blind = (connection: Connection): Connection => {
      const { certificates } = connection;
      let looks = 0;
      return {
        ...connection,
        certificates: Object.assign(Object.create(certificates), {
          list: async () => (looks++ < 2 ? [] : await certificates.list()),
          upload: certificates.upload.bind(certificates),
        }),
      };
    };
    const emulator = await startEmulator({ stateDir: bench.path(".dps-certs") });
    const connection = connectEmulator(emulator, emulator.caPem, () => emulator.close());
    onTestFinished(() => connection.close());
    const before = await connection.certificates.get("thermostats-root");
    const input = {
      group: "thermostats",
      pki: bench.path("ours"),
      now: () => new Date(),
      report: silent,
    };
    const outcome = runEnroll({ ...input, connection: blind(connection) });
    await expect(outcome).rejects.toMatchObject({ code: "drift" });
    expect(await connection.certificates.get("thermostats-root")).toEqual(before);
  });

  it("counts a registration only for the certificates that made it", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1 --register");
    rmSync(bench.path("pki"), { recursive: true });
    const renewed = await enroll(bench, "thermostats --devices 1 --register --replace");
    expect(statuses(renewed)).toMatchObject({ devices: "done", registrations: "done" });
    const again = await enroll(bench, "thermostats --devices 1 --register");
    expect(again.changed).toBe(false);
  });

  it("registers a device again whose certificate had expired", async () => {
    const bench = createBench();
    const daysAgo = (days: number) => ({ now: () => new Date(Date.now() - days * 86_400_000) });
    await bench.run("ca create", daysAgo(40));
    await bench.run("enroll thermostats --devices 1 --register");
    await bench.run("device create thermostats-001 --force", daysAgo(35));
    const renewed = await enroll(bench, "thermostats --devices 1 --register");
    expect(statuses(renewed)).toMatchObject({ devices: "done", registrations: "done" });
  });

  it("is told of a secondary signing certificate that is not this folder's", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats");
    await bench.run("ca create --pki theirs");
    const emulator = await startEmulator({ stateDir: bench.path(".dps-certs") });
    const { enrollments, close } = connectEmulator(emulator, emulator.caPem, () =>
      emulator.close(),
    );
    onTestFinished(close);
    const group = await enrollments.groups.get("thermostats");
    const { primary } = group.attestation.x509?.signingCertificates ?? {};
    const certificate = readFileSync(
      bench.path("theirs/certs/azure-iot-test-only.root.ca.cert.pem"),
      "utf8",
    );
    const x509 = { signingCertificates: { primary, secondary: { certificate } } };
    await enrollments.groups.createOrUpdate(
      { ...group, attestation: { type: "x509", x509 } },
      { ifMatch: group.etag ?? undefined },
    );
    const answer = await bench.json("enroll thermostats");
    expect(answer).toMatchObject({
      error: { code: "drift", message: expect.stringContaining("secondary") },
    });
  });

  it("does not give a device of another group to this one", async () => {
    const bench = createBench();
    await bench.run("enroll thermostats --devices 1 --prefix dev");
    expect(codeOf(await bench.json("enroll boilers --devices 1 --prefix dev"))).toBe("drift");
  });

  it("says that an expired chain must be replaced", async () => {
    const bench = createBench();
    const long_ago = () => new Date(Date.now() - 400 * 86_400_000);
    await bench.run("ca create", { now: long_ago });
    const answer = await bench.json("enroll thermostats");
    expect(codeOf(answer)).toBe("expired");
    expect(existsSync(bench.path("pki/private"))).toBe(true);
  });
});
