import { execFile, spawn } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { type AddressInfo, connect as connectTcp, createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { exportPrivateKeyPem } from "@dps-certs/ca-tools";
import { parseConnectionString, servicePath } from "@dps-certs/dps-protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Emulator, type ServerSettings, startEmulator } from "./start.ts";
import { fetchFrom } from "./testing/http.ts";
import { type Identity, issue, rootCa, uploadable } from "./testing/pki.ts";
import { sasToken, x509Attestation } from "./testing/world.ts";
import { VERSION } from "./version.ts";

const run = promisify(execFile);
let folder: string;
/** Not every machine has both. */
const LOOPBACK = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .map(({ address }) => address)
  .filter((address) => address === "127.0.0.1" || address === "::1");
const started: Emulator[] = [];

const start = async (options: ServerSettings & { stateDir?: string } = {}) => {
  const { stateDir, ...settings } = options;
  const state = stateDir === undefined ? { inMemory: true as const } : { stateDir };
  const emulator = await startEmulator({ ...state, ...settings });
  started.push(emulator);
  return emulator;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dps-emulator-start-"));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((emulator) => emulator.close()));
  rmSync(folder, { recursive: true });
});

const file = (name: string, content: string) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const bearer = ({ armToken }: Emulator) => ({ authorization: `Bearer ${armToken}` });

/** Signed with the key of the connection string, for the host it names or another one. */
function sas({ connectionString }: Emulator, host?: string): { authorization: string } {
  const { hostName, sharedAccessKey: key } = parseConnectionString(connectionString);
  const resource = encodeURIComponent(host ?? hostName);
  const expiresAt = new Date(Date.now() + 60_000);
  return { authorization: sasToken({ policies: [] } as never, { resource, key, expiresAt }) };
}

/** A verified root, a group on the intermediate, and a device below it. */
async function enrolled(emulator: Emulator) {
  const root = await rootCa("Root");
  const intermediate = await issue("intermediate", "Intermediate", root);
  const device = await issue("device", "dev-1", intermediate);
  const certificates = `${servicePath(emulator)}/certificates`;
  const uploaded = await fetchFrom(emulator, "PUT", `${certificates}/root?api-version=2022-12-12`, {
    headers: bearer(emulator),
    body: JSON.stringify({ properties: { certificate: uploadable(root), isVerified: true } }),
  });
  expect(uploaded.status).toBe(200);
  const group = await fetchFrom(emulator, "PUT", "/enrollmentGroups/g?api-version=2021-10-01", {
    headers: sas(emulator),
    body: JSON.stringify({ enrollmentGroupId: "g", ...x509Attestation(intermediate) }),
  });
  expect(group.status).toBe(200);
  return { root, intermediate, device };
}

const clientOf = (leaf: Identity, ...chain: Identity[]) => ({
  key: exportPrivateKeyPem(leaf.privateKey),
  cert: [leaf, ...chain].map(({ certificate }) => certificate.pem).join(""),
});

describe("a started emulator", () => {
  it("says where it is and how to be trusted", async () => {
    const emulator = await start({ stateDir: join(folder, "state") });
    expect(emulator.url).toBe(`https://localhost:${emulator.port}`);
    expect(emulator.hostName).toBe(`${emulator.dpsName}.azure-devices-provisioning.net`);
    expect(emulator.deviceHost).toBe(`localhost:${emulator.port}`);
    expect(readFileSync(emulator.caFile ?? "", "utf8")).toBe(emulator.caPem);
    const { json } = await fetchFrom(emulator, "GET", "/health");
    expect(json).toMatchObject({ nonce: emulator.nonce, idScope: emulator.idScope });
    const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
    expect([json.version, VERSION]).toEqual([JSON.parse(manifest).version, json.version]);
  });

  it("is reached by name and on both loopback addresses", async () => {
    const emulator = await start();
    const caFile = join(folder, "ca.pem");
    writeFileSync(caFile, emulator.caPem);
    // By curl: Node 22.23 itself takes ::1 for a host name when it checks a certificate.
    for (const host of ["localhost", "127.0.0.1", ...(LOOPBACK.includes("::1") ? ["[::1]"] : [])]) {
      const args = ["--silent", "--show-error", "--noproxy", "*", "--cacert", caFile];
      const { stdout } = await run("curl", [...args, `https://${host}:${emulator.port}/health`]);
      expect(JSON.parse(stdout)).toMatchObject({ nonce: emulator.nonce });
    }
  });

  it("serves one state beside another emulator, and finds it again", async () => {
    const stateDir = join(folder, "state");
    const [one, two] = await Promise.all([start({ stateDir }), start({ stateDir })]);
    expect(one.port).not.toBe(two.port);
    expect([one.idScope, one.nonce, one.caPem]).toEqual([two.idScope, two.nonce, two.caPem]);
    await enrolled(one);
    const fromTwo = await fetchFrom(two, "GET", "/enrollmentGroups/g", { headers: sas(two) });
    expect(fromTwo.status).toBe(200);
    await Promise.all([one.close(), two.close()]);
    const three = await start({ stateDir });
    expect([three.nonce, three.connectionString.split(";")[2]]).toEqual([
      one.nonce,
      one.connectionString.split(";")[2],
    ]);
  });

  it("lets one of many win that create the same group at once, through two emulators", async () => {
    const stateDir = join(folder, "state");
    const [one, two] = await Promise.all([start({ stateDir }), start({ stateDir })]);
    const body = JSON.stringify({ enrollmentGroupId: "g", ...x509Attestation(await rootCa("R")) });
    const puts = [one, two, one, two, one, two].map((emulator) =>
      fetchFrom(emulator, "PUT", "/enrollmentGroups/g", { headers: sas(emulator), body }),
    );
    const statuses = (await Promise.all(puts)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 409, 409, 409, 409, 409]);
  });

  it("has other keys than every other state", async () => {
    const [one, two] = await Promise.all([start(), start()]);
    const same = (Object.keys(one) as (keyof Emulator)[]).filter((key) => one[key] === two[key]);
    expect(same).toEqual(["resourceGroup", "dpsName", "hostName"]);
    const certificates = `${servicePath(two)}/certificates?api-version=2022-12-12`;
    const answer = await fetchFrom(two, "GET", certificates, { headers: bearer(one) });
    expect(answer.status).toBe(401);
    const group = await fetchFrom(two, "GET", "/enrollmentGroups/g", { headers: sas(one) });
    expect(group.status).toBe(401);
  });

  it("writes no private key of a CA", async () => {
    const stateDir = join(folder, "state");
    const { caPem } = await start({ stateDir });
    const keys = readdirSync(stateDir).flatMap(
      (name) =>
        readFileSync(join(stateDir, name), "latin1")
          .replaceAll("\\n", "\n")
          .match(/-----BEGIN PRIVATE KEY-----[\s\S]*?-----END PRIVATE KEY-----/g) ?? [],
    );
    expect(keys.length).toBeGreaterThan(0);
    const ca = new X509Certificate(caPem);
    for (const key of keys) expect(ca.checkPrivateKey(createPrivateKey(key))).toBe(false);
  });
});

describe("the managed-identity endpoint", () => {
  it("is named when it is served", async () => {
    const emulator = await start({ msi: true });
    expect(emulator.msiEndpoint).toBe(`${emulator.url}/metadata/identity/oauth2/token`);
    expect(await start()).not.toHaveProperty("msiEndpoint");
  });

  it("is not served where others could reach it", async () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.com"]) {
      const refused = await start({ msi: true, host }).catch((error: unknown) => error);
      expect(refused).toMatchObject({ name: "EmulatorError", code: "listen-failed" });
      expect((refused as Error).message).toContain(host);
    }
    for (const host of LOOPBACK) await start({ msi: true, host });
  });
});

describe("a port", () => {
  it("that is in use is named in the error, on either address", async () => {
    for (const host of LOOPBACK) {
      const taken = createServer().listen(0, host);
      await once(taken, "listening");
      const { port } = taken.address() as AddressInfo;
      const refused = await start({ port }).catch((error: unknown) => error);
      expect(refused).toMatchObject({ name: "EmulatorError", code: "port-in-use" });
      expect((refused as Error).message).toContain(`${port}`);
      taken.close();
    }
  });

  it("that cannot be listened on leaves nothing behind that holds the process", async () => {
    const refused = await start({ host: "192.0.2.1" }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "listen-failed" });
  });
});

describe("over real HTTPS", () => {
  it("a device registers with its chain, and without it is refused", async () => {
    const emulator = await start({ retryAfterSeconds: 0 });
    const { intermediate, device } = await enrolled(emulator);
    const path = `/${emulator.idScope}/registrations/dev-1`;
    const client = clientOf(device, intermediate);
    const registered = await fetchFrom(emulator, "PUT", `${path}/register`, {
      ...client,
      body: JSON.stringify({ registrationId: "dev-1" }),
    });
    expect([registered.status, registered.headers["retry-after"]]).toEqual([202, "0"]);
    const { operationId } = registered.json;
    // One SDK sends a body with its GET.
    const polled = await fetchFrom(emulator, "GET", `${path}/operations/${operationId}`, {
      ...client,
      headers: { "content-length": "2" },
      body: "{}",
    });
    expect(polled.json).toMatchObject({ operationId, status: "assigned" });
    const alone = await fetchFrom(emulator, "PUT", `${path}/register`, clientOf(device));
    expect([alone.status, alone.json.message]).toEqual([401, "CA certificate not found."]);
    const none = await fetchFrom(emulator, "PUT", `${path}/register`);
    expect([none.status, none.json.message]).toEqual([401, "Unauthorized"]);
  });

  it("curl registers a device as the documentation has it", async () => {
    const emulator = await start({ stateDir: join(folder, "state"), retryAfterSeconds: 0 });
    const { intermediate, device } = await enrolled(emulator);
    const { key, cert } = clientOf(device, intermediate);
    const curl = async (...args: string[]) => {
      const { stdout } = await run("curl", [
        ...["--silent", "--show-error", "--noproxy", "*", "--include", "--http1.1"],
        ...["--cacert", emulator.caFile ?? ""],
        ...["--cert", file("cert.pem", cert), "--key", file("key.pem", key)],
        ...args,
      ]);
      const [head = "", body = ""] = stdout.split(/\r\n\r\n(?=[^\r]*$)/);
      return { head, body: JSON.parse(body) };
    };
    const base = `https://localhost:${emulator.port}/${emulator.idScope}/registrations/dev-1`;
    const json = ["-H", "Content-Type: application/json", "-H", "Content-Encoding:  utf-8"];
    const put = await curl(
      "-X",
      "PUT",
      ...json,
      "-d",
      '{"registrationId": "dev-1"}',
      `${base}/register?api-version=2019-03-31`,
    );
    expect(put.head).toMatch(/^HTTP\/1\.1 202 /);
    expect(put.head).toMatch(/Transfer-Encoding: chunked/i);
    const get = await curl(
      "-X",
      "GET",
      ...json,
      `${base}/operations/${put.body.operationId}?api-version=2019-03-31`,
    );
    expect(get.body.registrationState).toMatchObject({ deviceId: "dev-1", status: "assigned" });
    // Under the service's own name, with a token for that name.
    const token = sas(emulator, emulator.hostName).authorization;
    const named = await curl(
      ...["--resolve", `${emulator.hostName}:${emulator.port}:127.0.0.1`],
      ...["-H", `Authorization: ${token}`],
      `https://${emulator.hostName}:${emulator.port}/enrollmentGroups/g?api-version=2021-10-01`,
    );
    expect(named.body.enrollmentGroupId).toBe("g");
  });

  it("a certificate's deletion is an empty 200", async () => {
    const emulator = await start();
    await enrolled(emulator);
    const path = `${servicePath(emulator)}/certificates/root?api-version=2022-12-12`;
    const remove = () =>
      fetchFrom(emulator, "DELETE", path, { headers: { ...bearer(emulator), "if-match": "*" } });
    const { status, headers, text } = await remove();
    expect([status, headers["content-length"], headers["content-type"], text]).toEqual([
      200,
      "0",
      undefined,
      "",
    ]);
    expect((await remove()).status).toBe(204);
  });

  it("openssl verifies the server's certificate strictly, under each of its names", async () => {
    const emulator = await start({ stateDir: join(folder, "state") });
    const names = ["localhost", "global.azure-devices-provisioning.net", "management.azure.com"];
    for (const check of [
      ...names.map((name) => ["-verify_hostname", name]),
      ["-verify_ip", "127.0.0.1"],
      ["-verify_ip", "::1"],
    ]) {
      const text = await sClient(emulator, ...check);
      expect(text).toContain("Verify return code: 0 (ok)");
    }
    expect(await sClient(emulator, "-verify_hostname", "example.com")).toContain(
      "hostname mismatch",
    );
    const { stdout } = await run("openssl", [
      "x509",
      "-in",
      emulator.caFile ?? "",
      "-noout",
      "-text",
    ]);
    expect(stdout).toMatch(/X509v3 Name Constraints: critical/);
    for (const permitted of [
      "DNS:localhost",
      "DNS:azure-devices-provisioning.net",
      "DNS:management.azure.com",
      "IP:127.0.0.0/255.0.0.0",
    ]) {
      expect(stdout).toContain(permitted);
    }
  });

  it.each(["-tls1_2", "-tls1_3"])("openssl resumes no session of %s", async (version) => {
    const emulator = await start({ stateDir: join(folder, "state") });
    const session = join(folder, "session");
    const first = await sClient(emulator, version, "-sess_out", session);
    expect(first).toMatch(/^New, TLSv1/m);
    expect(existsSync(session)).toBe(true);
    const second = await sClient(emulator, version, "-sess_in", session);
    expect(second).toMatch(/^New, TLSv1/m);
    expect(second).not.toMatch(/^Reused/m);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("Node resumes no session of %s", async (version) => {
    const emulator = await start();
    const handshake = async (former?: Buffer) => {
      const socket = connectTls({
        ...{ port: emulator.port, host: "127.0.0.1", servername: "localhost", ca: emulator.caPem },
        ...{ minVersion: version, maxVersion: version, ...(former ? { session: former } : {}) },
      });
      let session: Buffer | undefined;
      let reused: boolean | undefined;
      socket.on("secureConnect", () => {
        reused = socket.isSessionReused();
        session = socket.getSession();
        socket.end("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      });
      // TLS 1.3 sends its sessions after the handshake.
      socket.on("session", (ticket) => {
        session = ticket;
      });
      socket.resume();
      await once(socket, "close");
      return { reused, session };
    };
    const { session } = await handshake();
    expect(session?.length).toBeGreaterThan(0);
    expect((await handshake(session)).reused).toBe(false);
  });

  it("openssl cannot renegotiate to another certificate", async () => {
    const emulator = await start({ stateDir: join(folder, "state") });
    const text = await sClient(emulator, "-tls1_2", { input: "R\n" });
    expect(text).toMatch(/no renegotiation|RENEGOTIATING[\s\S]*error/i);
  });
});

/** `openssl s_client` against the emulator; its whole output. */
async function sClient(
  emulator: Emulator,
  ...args: (string | { input: string })[]
): Promise<string> {
  const flags = args.filter((arg) => typeof arg === "string");
  const input = args.find((arg) => typeof arg === "object")?.input ?? "Q\n";
  const child = spawn("openssl", [
    ...["s_client", "-connect", `127.0.0.1:${emulator.port}`, "-CAfile", emulator.caFile ?? ""],
    ...["-x509_strict", "-verify_return_error", ...flags],
  ]);
  let text = "";
  const collect = (chunk: unknown) => {
    text += String(chunk);
    // The verdict is the last that the handshake prints; only then is there somebody to talk to.
    if (/Verify return code/.test(text) && !child.stdin.writableEnded) child.stdin.end(input);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  child.stdin.on("error", () => undefined);
  await once(child, "close");
  return text;
}

describe("what a client does wrong", () => {
  it("a body over 96 KB is refused, and the emulator goes on", async () => {
    const emulator = await start();
    const body = Buffer.alloc(96 * 1024 + 1, "x");
    const put = (path: string, length = body.length) =>
      fetchFrom(emulator, "PUT", path, { body: body.subarray(0, length) });
    const data = await put("/enrollmentGroups/g");
    expect([data.status, data.json.errorCode]).toEqual([413, 413001]);
    const management = await put(`${servicePath(emulator)}/certificates/c`);
    expect([management.status, management.json.error.code]).toEqual([
      413,
      "RequestContentTooLarge",
    ]);
    expect((await put("/enrollmentGroups/g", 96 * 1024)).status).toBe(401);
    expect((await fetchFrom(emulator, "GET", "/health")).status).toBe(200);
  });

  it.each([
    "GARBAGE\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "PUT /x HTTP/1.1\r\nContent-Length: x\r\n\r\n",
  ])("%j is answered 400 and ends the connection", async (text) => {
    const emulator = await start();
    const socket = connectTls({
      port: emulator.port,
      host: "127.0.0.1",
      ca: emulator.caPem,
      servername: "localhost",
    });
    socket.write(text);
    let answer = "";
    socket.on("data", (chunk) => {
      answer += String(chunk);
    });
    await once(socket, "close");
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetchFrom(emulator, "GET", "/health")).status).toBe(200);
  });

  it("no TLS at all ends the connection, and the emulator goes on", async () => {
    const emulator = await start();
    const socket = connectTcp(emulator.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\n\r\n");
    socket.resume();
    await once(socket, "close");
    expect((await fetchFrom(emulator, "GET", "/health")).status).toBe(200);
  });
});

describe("the end of an emulator", () => {
  it("comes at once with idle connections, and frees the port", async () => {
    const emulator = await start();
    const agent = new Agent({ keepAlive: true });
    await fetchFrom(emulator, "GET", "/health", { agent });
    const silent = connectTcp(emulator.port, "127.0.0.1");
    silent.on("error", () => undefined);
    await once(silent, "connect");
    const began = performance.now();
    await emulator.close();
    await emulator.close();
    expect(performance.now() - began).toBeLessThan(1000);
    agent.destroy();
    const again = await start({ port: emulator.port });
    expect(again.port).toBe(emulator.port);
  });

  it("waits for an answer that is under way", async () => {
    const emulator = await start();
    const body = JSON.stringify({ enrollmentGroupId: "g", attestation: { type: "tpm" } });
    const outgoing = request(`${emulator.url}/enrollmentGroups/g`, {
      ...{ method: "PUT", ca: emulator.caPem },
      headers: { ...sas(emulator), "content-length": body.length, expect: "100-continue" },
    });
    outgoing.flushHeaders();
    // The emulator has taken the request up, and lacks its body.
    await once(outgoing, "continue");
    const closed = emulator.close();
    outgoing.end(body);
    const [incoming] = await once(outgoing, "response");
    expect(incoming.statusCode).toBe(400);
    incoming.resume();
    await closed;
  });

  it("is asked for with the bearer token alone", async () => {
    let stopped = false;
    let tell: (value: string) => void;
    const asked = new Promise<string>((resolve) => {
      tell = resolve;
    });
    const onStop = () => {
      stopped = true;
      tell("asked");
    };
    const emulator = await start({ onStop });
    const stop = (headers = {}) => fetchFrom(emulator, "POST", "/emulator/stop", { headers });
    expect((await stop()).status).toBe(401);
    expect((await stop(sas(emulator))).status).toBe(401);
    expect(stopped).toBe(false);
    expect((await stop(bearer(emulator))).status).toBe(202);
    expect(await asked).toBe("asked");
    const other = await start();
    const unknown = await fetchFrom(other, "POST", "/emulator/stop", { headers: bearer(other) });
    expect(unknown.status).toBe(404);
  });
});
