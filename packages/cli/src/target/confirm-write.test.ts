import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS, GROUPS } from "../catalogue.ts";
import { type AzureStandIn, startAzure } from "../testing/azure.ts";
import { createBench } from "../testing/bench.ts";

const ROOT = "pki/certs/azure-iot-test-only.root.ca.cert.pem";
const CHAIN = "pki/certs/boilers-001-full-chain.cert.pem";

/** What writes, and is asked about by where it writes to. */
const WRITES = [
  "enroll boilers",
  "device register boilers-001",
  "device register --all",
  `certificate upload ${ROOT}`,
  "certificate verify boilers-root",
  "certificate verify boilers-root --code-only",
  `group create g --ca ${ROOT}`,
  "group update boilers --disabled",
  "enrollment create e --symmetric-key",
  "enrollment update one --disabled",
  "enrollment import --from more.csv",
  "enrollment import --from more.csv --mode update",
];

/** What deletes, and is asked about by what it deletes. */
const DELETIONS = [
  "cleanup boilers",
  "certificate delete boilers-root --force",
  "group delete boilers",
  "enrollment delete one",
  "enrollment import --from less.csv --mode delete",
  "registration delete boilers-001",
];

const READS = [
  "enroll kettles --dry-run",
  `check ${CHAIN} --group boilers`,
  "device env boilers-001",
  "certificate list",
  "certificate show boilers-root",
  "group list",
  "group show boilers",
  "enrollment list",
  "enrollment show one --keys",
  "enrollment import --from more.csv --dry-run",
  "registration list --group boilers",
  "registration show boilers-001",
];

/** What goes to no service, or to an emulator alone. */
const LOCAL = /^(?:inspect|device (?:create|list|renew)|(?:ca|certgen|emulator) \w+)$/;

/** As `enrollment import`. */
function nameOf(commandLine: string): string {
  const [first = "", second = ""] = commandLine.split(" ");
  return GROUPS.some(({ name }) => name === first) ? `${first} ${second}` : first;
}

let azure: AzureStandIn;
beforeAll(async () => {
  azure = await startAzure();
});
afterAll(() => azure.close());

/** A group with a device that is registered, and an enrollment, in a service that DPS_NAME names. */
async function setUp() {
  const bench = createBench();
  writeFileSync(bench.path("more.csv"), "registrationId,attestation\nmore,symmetricKey\n");
  writeFileSync(bench.path("less.csv"), "registrationId\none\n");
  /** What came of a command, and what was asked meanwhile; without an answer nobody is there. */
  const run = async (command: string, answer: boolean | undefined) => {
    const questions: string[] = [];
    const nobody = () => Promise.reject(new Error("Please run 'az login' from a command prompt"));
    const access = answer === undefined ? { createCredential: nobody } : {};
    const { status, stderr } = await bench.run(command, {
      azure: { ...azure.access, ...access },
      env: { DPS_NAME: azure.emulator.dpsName },
      confirm:
        answer === undefined
          ? undefined
          : (question) => {
              questions.push(question);
              return Promise.resolve(answer);
            },
    });
    return { command, status, stderr, questions };
  };
  for (const command of [
    "enroll boilers --devices 1 --register --yes",
    "enrollment create one --symmetric-key --yes",
  ]) {
    expect(await run(command, true)).toMatchObject({ status: 0, questions: [] });
  }
  const before = bench.snapshot();
  return { run, expectUnchanged: () => expect(bench.snapshot()).toEqual(before) };
}

describe("a service that a variable alone names", () => {
  it("is written to by these commands, and by no others", () => {
    const known = new Set([...WRITES, ...DELETIONS, ...READS].map(nameOf));
    const all = [
      ...COMMANDS.map(({ usage }) => nameOf(usage)),
      ...GROUPS.flatMap(({ name, commands }) =>
        commands.map(({ usage }) => nameOf(`${name} ${usage}`)),
      ),
    ];
    expect(all.filter((name) => !LOCAL.test(name)).sort()).toEqual([...known].sort());
  });

  it("is not written to unasked, and is asked about once", async () => {
    const { run, expectUnchanged } = await setUp();
    const notAsked = expect.stringMatching(/because of DPS_NAME alone/);
    const notSignedIn = expect.stringMatching(/nobody is signed in/);
    for (const command of WRITES) {
      // Before anybody signs in.
      expect(await run(command, undefined)).toMatchObject({ command, stderr: notAsked });
    }
    for (const command of READS) {
      const isLocal = command.startsWith("enrollment import");
      const outcome = isLocal ? { status: 0 } : { status: 1, stderr: notSignedIn };
      expect(await run(command, undefined)).toMatchObject({ command, ...outcome });
    }
    const writing = `This writes to ${azure.emulator.dpsName} in Azure. Go ahead?`;
    for (const command of ["enroll boilers", "enrollment import --from more.csv"]) {
      expect(await run(command, false)).toMatchObject({ status: 1, questions: [writing] });
    }
    const deleting = expect.stringMatching(/^(?:Delete .*|Go ahead)\?$/);
    for (const command of DELETIONS) {
      expect(await run(command, false)).toMatchObject({ status: 1, questions: [deleting] });
    }
    expectUnchanged();
  });
});
