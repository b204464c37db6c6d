import { readFileSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { type Bench, createBench } from "./testing/bench.ts";

let bench: Bench;

beforeEach(async () => {
  bench = createBench();
  await bench.run("ca create");
});

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** A request in `dev.csr`, with its key in `dev.key`. */
function request(subject: string, ...rest: string[]): void {
  const files = ["-keyout", "dev.key", "-out", "dev.csr"];
  bench.openssl("req", "-new", "-subj", subject, ...EC, ...files, ...rest);
}

const x509 = (path: string, ...shown: string[]) =>
  bench.openssl("x509", "-in", bench.path("pki", path), "-noout", ...shown);

describe("ca sign", () => {
  it("makes the certificate of a device that made its key itself", async () => {
    request("/CN=sensor-1", "-addext", "subjectAltName=DNS:victim.example");
    const { status, stderr, stdout } = await bench.run("ca sign dev.csr");
    expect([status, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(/✔ sensor-1 +pki\/certs\/sensor-1.cert.pem +signed by CN=/);
    expect(stderr).toContain("left out");
    const key = bench.openssl("pkey", "-in", "dev.key", "-pubout");
    expect(x509("certs/sensor-1.cert.pem", "-pubkey")).toBe(key);
    expect(x509("certs/sensor-1.cert.pem", "-text")).not.toContain("victim");
    expect(await bench.json("device list")).toMatchObject([{ id: "sensor-1" }]);
  });

  it("registers with the key that never was in the folder", async () => {
    await bench.run("enroll thermostats");
    request("/CN=sensor-1");
    expect(await bench.json("ca sign dev.csr --issuer intermediate")).toMatchObject({
      id: "sensor-1",
      certificate: "certs/sensor-1.cert.pem",
      fullChain: "certs/sensor-1-full-chain.cert.pem",
      request: "csr/sensor-1.csr.pem",
      keyAlgorithm: "ec-p256",
      notAfter: expect.stringMatching(/Z$/),
    });
    writeFileSync(bench.path("pki/private/sensor-1.key.pem"), readFileSync(bench.path("dev.key")));
    const { status, stderr } = await bench.run("device register sensor-1");
    expect([status, stderr]).toEqual([0, expect.anything()]);
  });

  it("gives a server the names that are vouched for", async () => {
    request("/CN=whatever", "-outform", "DER");
    const names = "--cn gw.example --dns a.example,b.example --ip 10.0.0.5,::1";
    await bench.run(`ca sign dev.csr --profile server ${names} --issuer root --days 7`);
    const text = x509("certs/gw.example.server.cert.pem", "-text");
    expect(text).toContain("DNS:gw.example, DNS:a.example, DNS:b.example, IP Address:10.0.0.5");
    expect(text).toContain("TLS Web Server Authentication");
  });

  it("makes a CA only when that is asked for by name", async () => {
    request("/CN=Factory", "-addext", "basicConstraints=critical,CA:TRUE");
    await bench.run("ca sign dev.csr");
    expect(x509("certs/Factory.cert.pem", "-text")).toContain("CA:FALSE");
    await bench.run("ca sign dev.csr --profile intermediate --issuer root");
    expect(x509("certs/Factory.ca.cert.pem", "-text")).toContain("CA:TRUE");
  });

  it("refuses a request that is damaged, missing, or asks for a name that is none", async () => {
    request("/CN=sensor-1");
    const before = bench.snapshot();
    const base64 = readFileSync(bench.path("dev.csr"), "utf8").replace(/-----.*-----/g, "");
    const der = Buffer.from(base64, "base64");
    // A bit of the signature, which stands last.
    der.writeUInt8(der.readUInt8(der.length - 3) ^ 1, der.length - 3);
    writeFileSync(bench.path("bad.csr"), der);
    expect(await bench.json("ca sign bad.csr")).toMatchObject({
      error: { code: "invalid-request" },
    });
    expect(await bench.json("ca sign none.csr")).toMatchObject({ error: { code: "not-found" } });
    for (const wrong of ["--cn a/b", "--dns ,", "--profile root", "--days 0"]) {
      expect((await bench.run(`ca sign dev.csr ${wrong}`)).status).toBe(2);
    }
    const { "bad.csr": _, ...after } = bench.snapshot();
    expect(after).toEqual(before);
  });

  it("replaces what is there only when forced", async () => {
    request("/CN=sensor-1");
    await bench.run("device create sensor-1");
    expect(await bench.json("ca sign dev.csr")).toMatchObject({ error: { code: "exists" } });
    expect((await bench.run("ca sign dev.csr --force")).status).toBe(0);
  });
});
