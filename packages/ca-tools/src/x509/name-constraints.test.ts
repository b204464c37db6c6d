import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { issue } from "../testing/authority.ts";
import {
  type Attributes,
  type NamedPath,
  type NameText,
  namedPath,
} from "../testing/named-paths.ts";
import { areAccepted } from "../testing/openssl.ts";
import { AT, certificates, DATES, root } from "../testing/paths.ts";
import { scratch } from "../testing/scratch.ts";
import { MAX_NAME_COMPARISONS } from "./name-constraints.ts";
import { validatePath } from "./validate.ts";

const findings = async (request: NamedPath, policy: "strict" | "dps" = "strict") =>
  validatePath({ path: await namedPath(request), now: AT, policy });

const label = fc.constantFrom("a", "B", "ab");
const host = fc
  .array(label, { maxLength: 2 })
  .map((labels) => [...labels, "b.com"].join("."))
  .chain((text) => fc.constantFrom(text, text.toUpperCase(), text.slice(text.indexOf(".") + 1)));
const mailbox = fc.tuple(label, host).map(([local, domain]) => `${local}@${domain}`);
const dotted = host.map((text) => `.${text}`);
const ip = fc.constantFrom("10.0.0.1", "10.1.0.0", "11.0.0.1", "10.0.0.0");
const ip6 = fc.constantFrom("2001:db8:0:0:0:0:0:1", "2001:db8:0:0:1:0:0:0", "2001:db9:0:0:0:0:0:1");
const block = (address: fc.Arbitrary<string>, ...sizes: number[]) =>
  fc.tuple(address, fc.constantFrom(...sizes)).map(([start, size]) => `${start}/${size}`);
const attributes = fc
  .record({
    organization: fc.constantFrom("Factory", "factory ", "Fac  tory", "fac tory"),
    unit: fc.option(label),
  })
  .map(({ organization, unit }): Attributes => {
    return [["O", organization], ...(unit === null ? [] : [["OU", unit] as const])];
  });

/** Constraints and names of one form, so that they meet; the subject is of no form but its own. */
function caseOf(base: fc.Arbitrary<NameText>, name: fc.Arbitrary<NameText>) {
  return fc.record({
    permitted: fc.array(base, { maxLength: 2 }),
    excluded: fc.array(base, { maxLength: 1 }),
    names: fc.array(name, { minLength: 1, maxLength: 2 }),
    subject: fc.constant<Attributes>([["O", "Factory"]]),
  });
}
const as = (form: string, ...texts: fc.Arbitrary<string>[]) =>
  fc.oneof(...texts).map((text) => `${form}:${text}`);

const CASES: Record<string, fc.Arbitrary<NamedPath>> = {
  "host names": caseOf(as("dns", host, dotted, fc.constant("")), as("dns", host)),
  "common names": fc
    .tuple(caseOf(as("dns", host, dotted), as("dns", host)), host)
    .map(([{ permitted, excluded }, text]) => ({ permitted, excluded, subject: [["CN", text]] })),
  addresses: caseOf(
    as("ip", block(ip, 0, 9, 16, 31, 32), block(ip6, 31, 64, 96)),
    as("ip", ip, ip6),
  ),
  "directory names": caseOf(attributes, attributes),
  mailboxes: caseOf(as("email", host, dotted, mailbox), as("email", mailbox)),
  URIs: caseOf(
    as("uri", host, dotted),
    as(
      "uri",
      host.map((text) => `https://${text}:1/b`),
    ),
  ),
};
const requests = fc.record(
  Object.fromEntries(
    Object.entries(CASES).map(([form, one]) => [
      form,
      fc.array(one, { minLength: 4, maxLength: 4 }),
    ]),
  ),
);

describe("name constraints", () => {
  // One openssl process a run looks at 24 paths.
  property.prop([requests], { numRuns: 4 })("permit and exclude what openssl says", async (by) => {
    const all = Object.values(by).flat();
    const named = all.map((request, index) => namedPath({ ...request, caName: `CA ${index}` }));
    const paths = await Promise.all(named);
    const verdicts = areAccepted(scratch(), paths, { at: AT });
    const ours = paths.map((path) => validatePath({ path, now: AT }).length === 0);
    const differences = all.filter((_, index) => ours[index] !== verdicts[index]);
    expect(differences).toEqual([]);
  });

  it("say which name, which CA and where", async () => {
    const found = await findings({ permitted: ["ip:10.0.0.0/8"], names: ["ip:11.0.0.1"] });
    expect(found).toEqual([
      {
        code: "name-not-permitted",
        depth: 0,
        message: 'CN=dev-1 bears the ip name "11.0.0.1", which CN=Named does not permit',
      },
    ]);
  });

  it("do not quote names without end", async () => {
    const names = [`dns:${"a".repeat(5000)}.org`];
    const [found] = await findings({ permitted: ["dns:example.com"], names });
    expect(found?.message.length).toBeLessThan(250);
  });

  it("read a device's common name as a host name only where openssl does", async () => {
    const request: NamedPath = { permitted: ["dns:example.com"], subject: [["CN", "dev.a.org"]] };
    expect(await findings(request)).toMatchObject([{ code: "name-not-permitted" }]);
    expect(await findings(request, "dps")).toEqual([]);
  });

  it("refuse what cannot be compared, and only where it is constrained", async () => {
    const names = ["dns:not a host", "uri:urn:x", "email:nobody", "rid:1.2.3"];
    expect(await findings({ excluded: ["ip:10.0.0.0/8"], names })).toEqual([]);
    for (const excluded of ["dns:a.org", "uri:a.org", "email:a.org", "rid:1.2.4"]) {
      expect(await findings({ excluded: [excluded], names })).toMatchObject([
        { message: expect.stringContaining("cannot be held against") },
      ]);
    }
  });

  it("bound the comparisons that one certificate can ask for", async () => {
    const half = Math.sqrt(MAX_NAME_COMPARISONS);
    const excluded = Array.from({ length: half }, (_, n) => `dns:x${n}.org`);
    const names = (count: number) => Array.from({ length: count }, (_, n) => `dns:d${n}.com`);
    // The subject is a name too.
    expect(await findings({ excluded, names: names(half - 1) })).toEqual([]);
    expect(await findings({ excluded, names: names(half) })).toMatchObject([
      { code: "name-not-permitted", message: expect.stringContaining("too many") },
    ]);
  });

  it("are shown as they stand in the CA", async () => {
    const [, ca] = await namedPath({
      permitted: ["dns:example.com", "ip:10.0.0.0/9", [["O", "Factory"]]],
      excluded: ["email:.a.org", "uri:a.org", "rid:1.2.3", "ip:2001:db8:0:0:0:0:0:0/32"],
    });
    expect(ca?.nameConstraints).toEqual({
      permitted: [
        { type: "dns", value: "example.com" },
        { type: "ip", value: "10.0.0.0/255.128.0.0" },
        { type: "directory", value: "O=Factory" },
      ],
      excluded: [
        { type: "email", value: ".a.org" },
        { type: "uri", value: "a.org" },
        { type: "other", value: "registeredID" },
        { type: "ip", value: "2001:db8::/ffff:ffff::" },
      ],
    });
    const plain = await issue("Plain", root, DATES);
    expect(certificates(plain)[0]?.nameConstraints).toBeUndefined();
  });
});
