import type { Issuer } from "@dps-certs/ca-tools";
import type { CertificateResponse, EnrollmentGroup } from "@dps-certs/dps-protocol";
import { beforeAll, describe, expect, it } from "vitest";
import { groupOn, groupReferringTo, uploadOf } from "../../testing/held.ts";
import { certificatesOf, issued, selfSigned } from "../../testing/issuing.ts";
import { groupPath } from "./group-path.ts";

let root: Issuer;
let upper: Issuer;
let lower: Issuer;
let device: Issuer;

beforeAll(async () => {
  root = await selfSigned("Root");
  upper = await issued("Upper", root);
  lower = await issued("Lower", upper);
  device = await issued("dev-1", lower, { profile: "device" });
});

interface Held {
  groups: EnrollmentGroup[];
  uploaded: CertificateResponse[] | undefined;
  known?: Issuer[];
}

const judge = (presented: Issuer[], { groups, uploaded, known = [] }: Held) => {
  const view = { groupId: "g", groups, uploaded, known: certificatesOf(...known) };
  const { path, notes } = groupPath(
    device.certificate,
    certificatesOf(...presented),
    view,
    new Date(),
  );
  return { path: path?.map(({ commonName }) => commonName), codes: notes.map(({ code }) => code) };
};
const cert = ({ certificate }: Issuer) => certificate;

describe("the path of a device for a group", () => {
  it("leads through the group's CA to a verified one, known from wherever", () => {
    const groups = [groupOn("g", cert(lower))];
    const uploaded = [uploadOf("root", cert(root))];
    const expected = { path: ["dev-1", "Lower", "Upper", "Root"], codes: [] };
    expect(judge([lower, upper], { groups, uploaded, known: [root] })).toEqual(expected);
    expect(judge([root, upper, lower], { groups, uploaded })).toEqual(expected);
  });

  it("ends at the first verified CA at or above the group's, and not below it", () => {
    const groups = [groupOn("g", cert(upper))];
    const both = [uploadOf("lower", cert(lower)), uploadOf("upper", cert(upper))];
    const known = [lower, upper, root];
    expect(judge([lower], { groups, uploaded: both, known }).path).toEqual([
      "dev-1",
      "Lower",
      "Upper",
    ]);
    const below = [uploadOf("lower", cert(lower))];
    expect(judge([lower, upper, root], { groups, uploaded: below }).codes).toEqual(["unknown-ca"]);
  });

  it("goes by a name where the service holds the certificate and nobody else", () => {
    const groups = [groupOn("g", cert(lower))];
    const uploaded = [uploadOf("upper", cert(upper))];
    expect(judge([lower], { groups, uploaded })).toEqual({
      path: ["dev-1", "Lower"],
      codes: ["assumed-issuer"],
    });
    const own = [uploadOf("lower", cert(lower))];
    expect(judge([], { groups, uploaded: own })).toEqual({
      path: ["dev-1"],
      codes: ["assumed-issuer"],
    });
  });

  it("goes by no name where the certificate of that name is here and did not sign", async () => {
    const namesake = await selfSigned("Upper");
    const groups = [groupOn("g", cert(lower))];
    const uploaded = [uploadOf("upper", cert(namesake))];
    expect(judge([lower], { groups, uploaded, known: [namesake] }).codes).toEqual([
      "incomplete-chain",
    ]);
  });

  it("leads to a certificate that the group refers to, if that name of it is verified", () => {
    const groups = [groupReferringTo("g", "MINE")];
    const known = [lower];
    const verified = [uploadOf("mine", cert(lower)), uploadOf("twin", cert(lower), false)];
    expect(judge([], { groups, uploaded: verified, known })).toEqual({
      path: ["dev-1", "Lower"],
      codes: [],
    });
    const twin = [uploadOf("mine", cert(lower), false), uploadOf("twin", cert(lower))];
    expect(judge([], { groups, uploaded: twin, known }).codes).toEqual(["unverified-ca"]);
  });

  it("is none where what the group trusts is not there", async () => {
    const other = await selfSigned("Other");
    const groups = [groupOn("g", cert(other))];
    const uploaded = [uploadOf("root", cert(root))];
    expect(judge([lower, upper, root], { groups, uploaded })).toEqual({
      path: undefined,
      codes: ["not-in-group"],
    });
    expect(judge([lower], { groups, uploaded }).codes).toEqual(["incomplete-chain"]);
  });

  it("is none where a nearer group decides", () => {
    const groups = [groupOn("g", cert(upper)), groupOn("near", cert(lower))];
    const uploaded = [uploadOf("root", cert(root))];
    const known = [root];
    expect(judge([lower, upper], { groups, uploaded, known }).codes).toEqual(["other-group"]);
    const same = [groupOn("g", cert(lower)), groupOn("twin", cert(lower))];
    expect(judge([lower, upper], { groups: same, uploaded, known })).toMatchObject({
      path: expect.anything(),
      codes: ["shared-ca"],
    });
  });

  it("is none where nothing at or above the group's CA is verified", () => {
    const groups = [groupOn("g", cert(lower))];
    const unverified = [uploadOf("upper", cert(upper), false)];
    expect(judge([lower, upper, root], { groups, uploaded: unverified }).codes).toEqual([
      "unverified-ca",
    ]);
    expect(judge([lower, upper], { groups, uploaded: [] }).codes).toEqual(["incomplete-chain"]);
    expect(judge([lower, upper, root], { groups, uploaded: [] }).codes).toEqual(["unknown-ca"]);
  });

  it("is assumed to be verified where nobody may look, from the group's CA upwards", async () => {
    const blind = { groups: [groupOn("g", cert(lower))], uploaded: undefined };
    expect(judge([lower], { ...blind, known: [upper, root] })).toEqual({
      path: ["dev-1", "Lower", "Upper", "Root"],
      codes: ["assumed-ca"],
    });
    const other = [groupOn("g", cert(await selfSigned("Other")))];
    expect(judge([lower, upper, root], { ...blind, groups: other }).codes).toEqual([
      "not-in-group",
    ]);
  });
});
