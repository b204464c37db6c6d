import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Io } from "../io.ts";
import { type AzureStandIn, startAzure, withoutDataRole } from "../testing/azure.ts";
import { createBench } from "../testing/bench.ts";

let azure: AzureStandIn;
beforeAll(async () => {
  azure = await startAzure();
});
afterAll(() => azure.close());

const nobody = () => Promise.reject(new Error("Please run 'az login' from a command prompt"));
const named = (io: Partial<Io> = {}) => ({
  azure: azure.access,
  env: { DPS_NAME: azure.emulator.dpsName },
  ...io,
});
/** The first lines of what was said, without the two blanks. */
const lines = (stderr: string) => stderr.split("\n").map((line) => line.trim());

describe("a service in Azure that is named", () => {
  it("is enrolled in by whoever is signed in, and by nothing else", async () => {
    const bench = createBench();
    const { dpsName, subscriptionId, idScope, hostName } = azure.emulator;
    const io = { azure: azure.access };
    const command = `enroll thermostats --devices 1 --register --target azure --dps-name ${dpsName}`;
    const first = await bench.run(command, io);
    expect([first.status, lines(first.stderr)[0]]).toEqual([
      0,
      `Azure DPS ${dpsName} (resource group ${azure.emulator.resourceGroup}, subscription …${subscriptionId.slice(-4)}) (--target, --dps-name)`,
    ]);
    expect(await bench.json(command, io)).toMatchObject({
      changed: false,
      service: { hostName, idScope },
    });
    const states = await bench.json(`device register thermostats-001 --dps-name ${dpsName}`, io);
    expect(states).toMatchObject([{ status: "assigned" }]);
    // Whoever is signed in is asked for the ID scope, which no connection string tells.
    const env = { DPS_CONNECTION_STRING: azure.connectionString };
    const variables = await bench.json("device env thermostats-001", { ...io, env });
    expect(variables).toMatchObject({ PROVISIONING_IDSCOPE: idScope });
    // The device's own credentials are enough for what only the device does.
    const alone = { azure: { ...azure.access, createCredential: nobody }, env };
    const register = "device register thermostats-001 --yes";
    expect((await bench.run(`${register} --id-scope ${idScope}`, alone)).status).toBe(0);
    // So are they by the service's name, and for what another program registers with.
    const named = { azure: alone.azure };
    const service = `--dps-name ${dpsName} --id-scope ${idScope}`;
    for (const command of [register, "device env thermostats-001"]) {
      const { status, stderr } = await bench.run(`${command} ${service}`, named);
      expect([status, stderr]).toEqual([0, `  Azure DPS ${dpsName} (--dps-name)\n`]);
    }
    const without = await bench.run(register, alone);
    expect([without.status, without.stderr]).toEqual([1, expect.stringContaining("--id-scope")]);
  });

  it("is read without a question, with the environment as the reason", async () => {
    const { status, stderr } = await createBench().run("group list", named());
    expect([status, lines(stderr)[0]]).toEqual([
      0,
      expect.stringMatching(/^Azure DPS .*\(DPS_NAME\)$/),
    ]);
  });

  it("is not found in another subscription, which the error names", async () => {
    const other = "00000000-0000-4000-8000-000000000000";
    const env = { DPS_NAME: azure.emulator.dpsName, AZURE_SUBSCRIPTION_ID: other };
    const bench = createBench();
    const run = async (command: string) => {
      const { status, stderr } = await bench.run(command, named({ env }));
      return [status, lines(stderr)[0], stderr];
    };
    // Enrollments need no role in Azure Resource Manager, and so no look at it.
    const unseen = expect.stringContaining("not shown by Azure Resource Manager");
    expect(await run("group list")).toMatchObject([0, unseen, expect.anything()]);
    const variable = expect.stringContaining("AZURE_SUBSCRIPTION_ID");
    expect(await run("certificate list")).toEqual([1, unseen, variable]);
    // What was said on the command line, and is wrong, is told at once.
    const option = expect.stringContaining("--subscription");
    expect(await run(`group list --subscription ${other}`)).toMatchObject([1, {}, option]);
  });

  it("says how to sign in, before anything is made", async () => {
    const bench = createBench();
    const io = named({ azure: { ...azure.access, createCredential: nobody } });
    for (const command of ["enroll thermostats --yes", "enroll thermostats --dry-run"]) {
      const { status, stderr } = await bench.run(command, io);
      expect([status, stderr]).toEqual([1, expect.stringContaining("az login")]);
      expect(lines(stderr)[0]).toMatch(/^Azure DPS/);
    }
    expect(bench.snapshot()).toEqual({});
  });

  it("is used by its keys where the identity has no data role, and says so", async () => {
    const createCredential = () => withoutDataRole(azure);
    const io = named({ azure: { ...azure.access, createCredential } });
    const { status, stderr } = await createBench().run("group list", io);
    expect([status, lines(stderr)[1]]).toEqual([
      0,
      expect.stringContaining("by the key of policy provisioningserviceowner"),
    ]);
  });
});

describe("a write to Azure that the environment alone chose", () => {
  const enroll = async (io: Partial<Io>, words = "") => {
    const bench = createBench();
    const questions: string[] = [];
    const answer = io.confirm;
    const outcome = await bench.run(`enroll boilers${words}`, {
      ...named(io),
      confirm: answer
        ? (question) => {
            questions.push(question);
            return answer(question);
          }
        : undefined,
    });
    return { ...outcome, questions, made: Object.keys(bench.snapshot()).length > 0 };
  };

  it("is refused without a terminal, before anything is sent or made", async () => {
    const createCredential = () => Promise.reject(new Error("asked for a token"));
    const outcome = await enroll({ azure: { ...azure.access, createCredential } });
    expect(outcome).toMatchObject({ status: 1, made: false });
    expect(outcome.stderr).toContain("DPS_NAME alone");
    expect(outcome.stderr).toContain("--target azure, or --yes");
    expect(outcome.stderr).not.toContain("token");
  });

  it("is asked for on a terminal, once, and a no makes nothing", async () => {
    const outcome = await enroll({ confirm: () => Promise.resolve(false) });
    expect(outcome).toMatchObject({ status: 1, made: false });
    expect(outcome.questions).toEqual([
      `This writes to ${azure.emulator.dpsName} in Azure. Go ahead?`,
    ]);
  });

  it("is done with --yes", async () => {
    expect(await enroll({}, " --yes")).toMatchObject({ status: 0, made: true });
  });
});

describe("a connection string for Azure", () => {
  const byString = (io: Partial<Io> = {}) => ({
    azure: { ...azure.access, createCredential: nobody },
    env: { DPS_CONNECTION_STRING: azure.connectionString },
    ...io,
  });

  it("opens enrollments without anybody signing in", async () => {
    let asked = 0;
    const createCredential = () => {
      asked += 1;
      return nobody();
    };
    const io = byString({ azure: { ...azure.access, createCredential } });
    const { status, stderr } = await createBench().run("group list", io);
    expect(asked).toBe(0);
    expect([status, stderr]).toEqual([
      0,
      `  Azure DPS ${azure.emulator.dpsName} (DPS_CONNECTION_STRING)\n`,
    ]);
  });

  it.each(["certificate list", "enroll thermostats --yes", "enroll thermostats --dry-run"])(
    "is not enough for %s, which says so and makes nothing",
    async (command) => {
      const bench = createBench();
      const { status, stdout, stderr } = await bench.run(`${command} --json`, byString());
      expect([status, JSON.parse(stdout)]).toMatchObject([
        1,
        { error: { code: "credential", hint: expect.stringContaining("az login") } },
      ]);
      expect(stderr).toContain("CA certificates in Azure are reached by signing in");
      expect(bench.snapshot()).toEqual({});
      expect(stdout + stderr).not.toContain(azure.connectionString.slice(-20));
    },
  );

  it("goes together with who is signed in", async () => {
    const io = byString({ azure: azure.access });
    expect((await createBench().run("certificate list", io)).status).toBe(0);
  });
});
