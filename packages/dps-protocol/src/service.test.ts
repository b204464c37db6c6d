import { describe, expect, it } from "vitest";
import { servicePath } from "./service.ts";

describe("the path of a service in Azure Resource Manager", () => {
  it("names subscription, resource group and service", () => {
    expect(servicePath({ subscriptionId: "s", resourceGroup: "g", dpsName: "d" })).toBe(
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.Devices/provisioningServices/d",
    );
  });

  it("lets no name out of its place", () => {
    const path = servicePath({ subscriptionId: "s", resourceGroup: "g/../x?y#z", dpsName: "d" });
    expect(path).toContain("/resourceGroups/g%2F..%2Fx%3Fy%23z/providers/");
  });
});
