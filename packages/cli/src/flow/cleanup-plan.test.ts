import type { EnrollmentGroup } from "@dps-certs/dps-protocol";
import { describe, expect, it } from "vitest";
import type { Connection } from "../target/connection.ts";
import { planCleanup } from "./cleanup-plan.ts";

async function* each<T>(items: readonly T[]) {
  yield* items;
}

describe("the plan of a cleanup", () => {
  it("leaves a group alone that has no signing certificate where the folder has none either", async () => {
    const group: EnrollmentGroup = {
      enrollmentGroupId: "plant-a",
      attestation: { type: "symmetricKey" },
    };
    const connection = {
      certificates: { list: () => Promise.resolve([]) },
      enrollments: {
        groups: { query: () => each([group]) },
        registrations: { query: () => each([{ registrationId: "d1" }]) },
      },
    } as unknown as Connection;
    const none = { root: undefined, intermediate: undefined };
    const { items, kept } = await planCleanup({ group: "plant-a", connection, ...none });
    expect(items).toEqual([]);
    expect(kept).toMatchObject([{ id: "group", name: "plant-a" }]);
  });
});
