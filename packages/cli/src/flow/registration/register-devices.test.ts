import type { ClientCertificate, Runtime } from "@dps-certs/dps-client";
import { describe, expect, it } from "vitest";
import type { Connection } from "../../target/connection.ts";
import { type Loaded, registerDevices, throwFailed } from "./register-devices.ts";

const ids = (count: number) => Array.from({ length: count }, (_, at) => `d${at}`);
const identity: ClientCertificate = { chainPem: "chain", keyPem: "key" };
const load = (): Promise<Loaded> => Promise.resolve(identity);
const turn = () => new Promise((resolve) => setImmediate(resolve));

interface Client {
  register: (id: string, sleep: Runtime["sleep"]) => Promise<unknown>;
}

function connectionOf({ register }: Client) {
  const seen = { open: 0, most: 0, closed: 0 };
  const deviceClient = (_device: ClientCertificate, runtime: Partial<Runtime> = {}) => {
    seen.open += 1;
    seen.most = Math.max(seen.most, seen.open);
    return {
      register: (id: string) => register(id, runtime.sleep as Runtime["sleep"]),
      close: () => {
        seen.open -= 1;
        seen.closed += 1;
        return Promise.resolve();
      },
    };
  };
  return { seen, connection: { deviceClient } as unknown as Pick<Connection, "deviceClient"> };
}

describe("registering many devices", () => {
  it("has sixteen at work at once, and gives the answers in the order of the ids", async () => {
    const { seen, connection } = connectionOf({
      register: async (registrationId) => {
        await turn();
        return { registrationId };
      },
    });
    const outcomes = await registerDevices(ids(100), { connection, load });
    expect(outcomes.map(({ state }) => state?.registrationId)).toEqual(ids(100));
    expect(seen).toEqual({ open: 0, most: 16, closed: 100 });
  });

  it("lets others work while a device waits for its next poll", async () => {
    const { seen, connection } = connectionOf({
      register: async (_id, sleep) => await sleep(1),
    });
    await registerDevices(ids(600), { connection, load });
    expect(seen.most).toBeGreaterThan(100);
    expect(seen.most).toBeLessThanOrEqual(500);
    expect(seen.closed).toBe(600);
  });

  it("goes on after one that fails, and tells of each as it ends", async () => {
    const told: string[] = [];
    const { seen, connection } = connectionOf({
      register: (id) =>
        id === "d1"
          ? Promise.reject(new Error("refused"))
          : Promise.resolve({ status: "assigned" }),
    });
    const outcomes = await registerDevices(ids(4), {
      connection,
      load: (id) => {
        if (id === "d2") return Promise.reject(new Error("damaged"));
        return Promise.resolve(id === "d3" ? { leftOut: "a CA's" } : identity);
      },
      onOutcome: ({ id }) => told.push(id),
    });
    expect(outcomes).toEqual([
      { id: "d0", state: { status: "assigned" } },
      { id: "d1", error: new Error("refused") },
      { id: "d2", error: new Error("damaged") },
      { id: "d3", leftOut: "a CA's" },
    ]);
    expect(told.sort()).toEqual(ids(4));
    expect(seen.open).toBe(0);
    expect(() => throwFailed(outcomes)).toThrow(
      "2 of 4 devices did not register (d1, d2): refused",
    );
  });

  it("keeps to the rate of a service that has one", async () => {
    const { connection } = connectionOf({ register: () => Promise.resolve({}) });
    const registrationRate = { operations: 1000, perMs: 1, burst: 1 };
    const outcomes = await registerDevices(ids(3), {
      connection: { ...connection, registrationRate },
      load,
    });
    expect(outcomes).toHaveLength(3);
    const refused = { ...connection, registrationRate: { operations: 0, perMs: 1 } };
    await expect(registerDevices(ids(1), { connection: refused, load })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });
});
