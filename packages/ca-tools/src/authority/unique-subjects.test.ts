import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { readIndex } from "../folder/index-file.ts";
import { openPki } from "../folder/pki.ts";
import { type OpensslAuthority, opensslAuthority } from "../testing/openssl-authority.ts";
import { scratch } from "../testing/scratch.ts";
import { snapshot } from "../testing/snapshot.ts";
import { createDevices } from "./devices.ts";
import { type Ca, loadCa } from "./load-ca.ts";
import { renewDevices } from "./renew.ts";

let folder: string;
let authority: OpensslAuthority;
let issuer: Ca;

beforeEach(async () => {
  folder = scratch();
  authority = opensslAuthority(folder, scratch());
  authority.begin();
  issuer = await loadCa(folder, (await openPki(folder)) ?? { version: 1, cas: [] }, "intermediate");
});

const create = (id: string, force = false) =>
  createDevices(folder, { ids: [id], issuer, now: new Date(), force });

async function rowsOf(commonName: string): Promise<string[]> {
  const rows: string[] = [];
  for await (const { status, subject, revocation } of readIndex(join(folder, "index.txt"))) {
    if (subject === `/CN=${commonName}`) rows.push([status, revocation?.reason].join(" ").trim());
  }
  return rows;
}

const opensslGoesOn = (commonName: string) =>
  authority.issue({ signer: "root", commonName, extensions: "client", stem: `o-${commonName}` });

describe("a folder that wants subjects to be unique", () => {
  it("marks the certificate superseded that --force replaces, and openssl goes on", async () => {
    await create("dev-1");
    await expect(create("dev-1")).rejects.toMatchObject({ code: "exists" });
    await create("dev-1", true);
    expect(await rowsOf("dev-1")).toEqual(["R superseded", "V"]);
    expect(opensslGoesOn("dev-2")).toMatchObject({ status: 0 });
  });

  it("marks the certificate superseded that is renewed, each time, and openssl goes on", async () => {
    await create("dev-1");
    await renewDevices(folder, { ids: ["dev-1"], issuer, now: new Date() });
    await renewDevices(folder, { ids: ["dev-1"], issuer, now: new Date() });
    expect(await rowsOf("dev-1")).toEqual(["R superseded", "R superseded", "V"]);
    expect(opensslGoesOn("dev-2")).toMatchObject({ status: 0 });
  });

  it("refuses a subject that openssl signed, unless forced", async () => {
    expect(opensslGoesOn("dev-1")).toMatchObject({ status: 0 });
    const before = snapshot(folder);
    const refused = create("dev-1");
    await expect(refused).rejects.toMatchObject({ code: "exists", message: /\/CN=dev-1/ });
    const { "pki.json": _, ...after } = snapshot(folder);
    expect(after).toMatchObject(before);
    await create("dev-1", true);
    expect(await rowsOf("dev-1")).toEqual(["R superseded", "V"]);
    expect(opensslGoesOn("dev-2")).toMatchObject({ status: 0 });
  });

  it("leaves the rows alone where it says that subjects need not be unique", async () => {
    writeFileSync(join(folder, "index.txt.attr"), "unique_subject = no\n");
    opensslGoesOn("dev-1");
    await create("dev-1");
    await renewDevices(folder, { ids: ["dev-1"], issuer, now: new Date() });
    expect(await rowsOf("dev-1")).toEqual(["V", "V", "V"]);
    expect(readFileSync(join(folder, "index.txt"), "utf8")).not.toContain("superseded");
  });
});
