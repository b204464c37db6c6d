import { expect, it } from "vitest";
import { NOW, rootCa } from "../testing/authority.ts";
import { compile } from "./compile.ts";
import { batchIssuer } from "./issue-batch.ts";
import { textsOf } from "./texts.ts";

it("leaves no key behind in memory that is used again", async () => {
  const { parts, prepare } = await compile({ issuer: await rootCa("Factory"), now: NOW });
  const issued = batchIssuer(parts)([prepare({ commonName: "dev-1" })]);
  expect(issued.privateKeys.some((byte) => byte !== 0)).toBe(true);
  expect(textsOf(issued).privateKeyPems).toEqual([expect.stringContaining("PRIVATE KEY")]);
  expect(issued.privateKeys.every((byte) => byte === 0)).toBe(true);
});
