import { describe, expect, it } from "vitest";
import { readService, writeService } from "../provisioning-service.ts";
import { startEmulator } from "../start.ts";
import { makeWorld } from "../testing/world.ts";
import { linkHubs } from "./hubs.ts";

describe("linking the service to hubs", () => {
  it("replaces those it had, and keeps what is known of one that stays", () => {
    const { context, service } = makeWorld();
    const hubDetails = { "b.example": { location: "here", allocationWeight: 7 } };
    context.store.write((store) =>
      writeService(store, { ...service, linkedHubs: ["x.example", "b.example"], hubDetails }),
    );
    linkHubs(context.store, ["a.example", "b.example"]);
    const changed = context.store.read(readService);
    expect(changed.linkedHubs).toEqual(["a.example", "b.example"]);
    expect(changed.hubDetails["b.example"]).toEqual({ location: "here", allocationWeight: 7 });
    expect(changed.revision).toBe(service.revision + 1);
    linkHubs(context.store, ["a.example", "b.example"]);
    expect(context.store.read(readService).revision).toBe(service.revision + 1);
  });

  it("takes none, but nothing that is no host name, and none twice", () => {
    const { context } = makeWorld();
    linkHubs(context.store, []);
    expect(context.store.read(readService).linkedHubs).toEqual([]);
    for (const names of [["a b"], [""], ["a.example", "A.example"], Array(51).fill("a")]) {
      expect(() => linkHubs(context.store, names)).toThrow(TypeError);
    }
    expect(context.store.read(readService).linkedHubs).toEqual([]);
  });

  it("is refused by the emulator's start as well", async () => {
    const start = startEmulator({ inMemory: true, linkedHubs: ["a b"] });
    await expect(start).rejects.toThrow("linkedHubs: ");
  });
});
