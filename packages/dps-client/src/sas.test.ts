import { createHmac } from "node:crypto";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { createSasToken, deriveDeviceKey } from "./sas.ts";
import { SAS_VECTORS } from "./testing/sas-vectors.ts";

const { key, expiresAt, signatures, derived } = SAS_VECTORS;

describe("createSasToken", () => {
  it.each(signatures)("signs $resource as the known answer says", ({ resource, sig }) => {
    expect(createSasToken({ resource, key, expiresAt })).toBe(
      `SharedAccessSignature sr=${resource}&sig=${sig}&se=${expiresAt}`,
    );
  });

  it("names the policy, encoded", () => {
    const token = createSasToken({ resource: "h", key, expiresAt, keyName: "a b" });
    expect(token).toMatch(/&skn=a%20b$/);
  });

  test.prop([fc.webUrl(), fc.uint8Array({ minLength: 1 }), fc.nat()])(
    "signs the text of sr as it stands",
    (url, secret, end) => {
      const resource = encodeURIComponent(url);
      const token = createSasToken({
        resource,
        key: Buffer.from(secret).toString("base64"),
        expiresAt: end,
      });
      const fields = new URLSearchParams(token.replace("SharedAccessSignature ", ""));
      const expected = createHmac("sha256", secret).update(`${resource}\n${end}`).digest("base64");
      expect(fields.get("sig")).toBe(expected);
      expect(fields.get("se")).toBe(String(end));
    },
  );

  it.each(["", "=", "!!"])("refuses the key %j", (bad) => {
    expect(() => createSasToken({ resource: "h", key: bad, expiresAt })).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });

  it.each([Number.NaN, 1.5, -1])("refuses the end %d", (end) => {
    expect(() => createSasToken({ resource: "h", key, expiresAt: end })).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });
});

describe("deriveDeviceKey", () => {
  it("gives the known answer", () => {
    expect(deriveDeviceKey(key, derived.registrationId)).toBe(derived.key);
  });
});
