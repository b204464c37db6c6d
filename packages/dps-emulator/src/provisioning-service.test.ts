import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ensureService, readService } from "./provisioning-service.ts";
import { openMemoryStore } from "./store/memory-store.ts";

describe("the service of a state", () => {
  it("is made once", () => {
    const store = openMemoryStore();
    const service = ensureService(store, randomBytes);
    expect(ensureService(store, randomBytes)).toEqual(service);
    expect(store.read(readService)).toEqual(service);
  });

  it("that is older than tokens gets a client, and keeps what it has", () => {
    const store = openMemoryStore();
    const made = ensureService(store, randomBytes);
    const { tenantId, clientId, clientSecret, tags, revision, hubDetails, ...old } = made;
    store.write((writer) => writer.put("service", old));
    const service = ensureService(store, randomBytes);
    expect(service).toMatchObject({ ...old, tags, revision, hubDetails });
    expect(service.clientSecret).toMatch(/^[\w-]{40}$/);
    expect(service.clientSecret).not.toBe(clientSecret);
    expect([service.tenantId, service.clientId]).not.toContain(tenantId);
    expect(service.clientId).not.toBe(clientId);
    expect(ensureService(store, randomBytes)).toEqual(service);
  });
});
