import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { NOW } from "../testing/authority.ts";
import { chainFolder } from "../testing/chain-folder.ts";
import { textOf, verifyStrict } from "../testing/openssl.ts";
import { CA_EXTENSIONS, opensslIssue } from "../testing/openssl-ca.ts";
import { flawsOf } from "../testing/pki-state.ts";
import { scratch } from "../testing/scratch.ts";
import { parseCertificates } from "../x509/certificate.ts";
import { roleOf } from "./device-roles.ts";
import { createDevices, type DeviceOptions, type MadeDevice } from "./devices.ts";
import { leafPaths } from "./leaf-files.ts";
import type { Ca } from "./load-ca.ts";
import { loadDevice } from "./load-device.ts";
import { renewDevices } from "./renew.ts";

let folder: string;
let issuer: Ca;

const chain = chainFolder();
beforeEach(() => {
  folder = chain.copy();
  issuer = chain.issuer();
});

async function create(name: string, options: Partial<DeviceOptions>): Promise<MadeDevice> {
  const [made] = await createDevices(folder, { ids: [name], issuer, now: NOW, ...options });
  if (made === undefined) throw new Error("nothing was made");
  return made;
}

const chainOf = (id: string) =>
  parseCertificates(readFileSync(join(folder, leafPaths(id).fullChain), "utf8"));
const subjects = (id: string) => chainOf(id).map(({ subject }) => subject);

describe("the certificates of an IoT Edge device", () => {
  it("CA: its name ends in .ca, it signs below the intermediate, its chain has the root", async () => {
    const { id, certificate } = await create("gw-1", { profile: "edgeCa" });
    expect([id, certificate.subject, roleOf(certificate)]).toEqual([
      "gw-1.ca",
      "CN=gw-1.ca",
      "edge ca",
    ]);
    expect(certificate.keyUsages).toEqual(["digitalSignature", "keyCertSign", "cRLSign"]);
    expect(subjects(id)).toEqual(["CN=gw-1.ca", "CN=CA", "CN=Root CA"]);
    expect(verifyStrict(scratch(), chainOf(id), { at: NOW })).toMatchObject({ status: 0 });
    expect(await flawsOf(folder)).toEqual([]);
  });

  it("identity: an ordinary device", async () => {
    const { id, certificate } = await create("gw-1", { profile: "edgeIdentity" });
    expect([id, certificate.subject, roleOf(certificate)]).toEqual(["gw-1", "CN=gw-1", "device"]);
    expect(subjects(id)).toEqual(["CN=gw-1", "CN=CA"]);
    expect(await loadDevice(folder, "gw-1")).toBeDefined();
  });

  it("server: known by its own name and those that are given", async () => {
    const { id, certificate } = await create("gw-1.local", {
      profile: "edgeServer",
      subjectAlternativeNames: {
        dns: ["edge.example", "GW-1.local"],
        ip: ["10.0.0.5", "::ffff:10.0.0.6"],
      },
    });
    expect([id, certificate.subject]).toEqual(["gw-1.local.server", "CN=gw-1.local"]);
    expect(roleOf(certificate)).toBe("edge server");
    const text = textOf(certificate);
    expect(text).toContain("TLS Web Server Authentication");
    expect(text).toContain(
      "DNS:GW-1.local, DNS:edge.example, IP Address:10.0.0.5, IP Address:0:0:0:0:0:FFFF:A00:6",
    );
    const path = [...chainOf(id), ...issuer.chain.slice(1)];
    const verified = verifyStrict(scratch(), path, { at: NOW, purpose: "sslserver" });
    expect(verified).toMatchObject({ status: 0 });
  });

  it("server: an address for a name is one", async () => {
    const { certificate } = await create("10.0.0.5", { profile: "edgeServer" });
    expect(certificate.subjectAlternativeNames).toEqual([{ type: "ip", value: "10.0.0.5" }]);
  });

  it("server: refused when there is nothing to know it by", async () => {
    const nameless = create("gw:1", { profile: "edgeServer" });
    await expect(nameless).rejects.toMatchObject({ code: "invalid-name", hint: /--dns/ });
  });

  it("lie beside one another, and beside a device of such a name they do not fit", async () => {
    await create("gw-1", { profile: "edgeCa" });
    await create("gw-1", { profile: "edgeIdentity" });
    await create("gw-1", { profile: "edgeServer" });
    expect(await flawsOf(folder)).toEqual([]);
    for (const id of ["gw-1.ca", "gw-1.server"]) {
      await expect(create(id, {})).rejects.toMatchObject({ code: "exists" });
    }
    await create("gw-2.server", {});
    const taken = create("gw-2", { profile: "edgeServer" });
    await expect(taken).rejects.toMatchObject({ code: "exists", message: /gw-2\.server/ });
  });

  it("CA: refused where the issuer's path length allows none below it", async () => {
    await create("gw-1", { profile: "edgeCa" });
    const subject = "/CN=CA";
    const extensions = CA_EXTENSIONS.map((one) => one.replace("CA:TRUE", "CA:TRUE,pathlen:0"));
    const limited = opensslIssue(scratch(), { subject, extensions });
    const below = { ...issuer, ...limited, chain: [limited.certificate] };
    const now = new Date();
    const refused = create("gw-2", { profile: "edgeCa", issuer: below, now });
    await expect(refused).rejects.toMatchObject({ code: "not-a-ca" });
    const renewed = renewDevices(folder, { ids: ["gw-1.ca"], issuer: below, now });
    await expect(renewed).rejects.toMatchObject({ code: "not-a-ca" });
  });

  it("CA: the word behind the name counts among the 64 characters", async () => {
    const name = "x".repeat(61);
    await expect(create(`${name}y`, { profile: "edgeCa" })).rejects.toMatchObject({
      code: "invalid-name",
    });
    expect((await create(name, { profile: "edgeCa" })).certificate.commonName).toHaveLength(64);
  });
});
