import { appendFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { loadDevice } from "@dps-certs/ca-tools";
import { describe, expect, it } from "vitest";
import { createBench } from "../../testing/bench.ts";
import { loadQuickly } from "./load-quickly.ts";
import { isRegistered } from "./registered-since.ts";

describe("what a device registers with", () => {
  it("is read quickly where nothing is out of the ordinary, and not at all elsewhere", async () => {
    const bench = createBench();
    await bench.run("ca create");
    await bench.run("device create plain other cut keyless chainless linked");
    await bench.run("device create locked --key-password-env KEY", { env: { KEY: "secret" } });
    await bench.run("device create gw --edge ca");
    await bench.run("device create gw --edge server");
    const pki = bench.path("pki");
    const { chainPem, keyPem } = await loadDevice(pki, "plain");
    expect(loadQuickly(pki, "plain")).toEqual({ chainPem, keyPem });

    const file = (name: string) => bench.path("pki", name);
    writeFileSync(file("certs/cut.cert.pem"), "-----BEGIN CERTIFICATE-----\nMIIB\n");
    rmSync(file("private/keyless.key.pem"));
    renameSync(
      file("certs/other-full-chain.cert.pem"),
      file("certs/chainless-full-chain.cert.pem"),
    );
    appendFileSync(file("private/linked.key.pem"), " ".repeat(100_000));
    const odd = ["none", "cut", "keyless", "chainless", "linked", "locked", "gw.ca", "gw.server"];
    expect(odd.filter((id) => loadQuickly(pki, id) !== undefined)).toEqual([]);

    const day = 86_400_000;
    const isDone = (id: string, at: number) => isRegistered(pki, id, new Map([["plain", at]]));
    expect(await isDone("plain", Date.now())).toBe(true);
    expect(await isDone("plain", Date.now() - day)).toBe(false);
    expect(await isDone("other", Date.now())).toBe(false);
    expect(await isRegistered(pki, "cut", new Map([["cut", Date.now()]]))).toBe(false);
  });
});
