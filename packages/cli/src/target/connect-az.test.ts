import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { CLOUDS } from "@dps-certs/dps-client";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { startAzure } from "../testing/azure.ts";
import { type Bench, createBench } from "../testing/bench.ts";

/** Puts a program named `az` before all others, and takes away what else could sign in. */
function installAz(bench: Bench, script: string): void {
  writeFileSync(bench.path("az"), `#!/bin/sh\n${script}\n`);
  chmodSync(bench.path("az"), 0o755);
  vi.stubEnv("PATH", `${bench.folder}:${process.env.PATH}`);
  for (const name of Object.keys(process.env)) {
    if (/^(?:AZURE|IDENTITY|MSI)_/.test(name)) vi.stubEnv(name, undefined);
  }
}

describe("the Azure CLI", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("signs in to everything, by itself", async () => {
    const azure = await startAzure();
    onTestFinished(azure.close);
    const { createCredential, ...access } = azure.access;
    const credential = await createCredential();
    const bench = createBench();
    for (const scope of ["managementScope", "serviceScope"] as const) {
      const token = await credential.getToken(CLOUDS.AzureCloud[scope]);
      const expires_on = Math.floor((token?.expiresOnTimestamp ?? 0) / 1000);
      const answer = { accessToken: token?.token, expires_on, tokenType: "Bearer" };
      writeFileSync(bench.path(scope), JSON.stringify(answer));
    }
    installAz(
      bench,
      `case "$*" in
        *--resource\\ https://azure-devices-provisioning.net*) cat ${bench.path("serviceScope")} ;;
        *--resource\\ https://management.azure.com*) cat ${bench.path("managementScope")} ;;
      esac
      echo "$*" >> ${bench.path("calls")}`,
    );
    const io = { azure: access, env: { DPS_NAME: azure.emulator.dpsName } };
    expect(await bench.json("group list", io)).toEqual([]);
    expect(await bench.json("certificate list", io)).toEqual([]);
    // One token for each scope of each command, however many clients it has.
    expect(readFileSync(bench.path("calls"), "utf8").trim().split("\n")).toHaveLength(3);
  });

  it("says what to do where nobody is signed in, without the credentials' own page", async () => {
    const azure = await startAzure();
    onTestFinished(azure.close);
    const { createCredential: _, ...access } = azure.access;
    const bench = createBench();
    installAz(bench, "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1");
    // One source, so that none of the others is searched for.
    vi.stubEnv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential");
    const env = { DPS_NAME: "mydps", AZURE_TOKEN_CREDENTIALS: "AzureCliCredential" };
    const { status, stderr } = await bench.run("group list", { azure: access, env });
    expect(status).toBe(1);
    expect(stderr).toMatch(/nobody is signed in to Azure\n +sign in with: az login/);
    expect(stderr).not.toContain("ChainedTokenCredential");
  });
});
