import type { EnrollmentGroup, IndividualEnrollment } from "@dps-certs/dps-protocol";
import { describe, expect, it } from "vitest";
import { groupReferringTo } from "../../testing/held.ts";
import { decidingView, serviceRules } from "./service.ts";

const answerWith = (groups: EnrollmentGroup[], individual?: IndividualEnrollment) => ({
  view: { groupId: "G", groups, uploaded: [], known: [] },
  individual,
});
const codes = (...given: Parameters<typeof answerWith>) =>
  serviceRules(answerWith(...given), undefined).map(({ code }) => code);

describe("what the service says of a group", () => {
  const group = groupReferringTo("g", "root");

  it("is nothing where the group takes devices with certificates", () => {
    expect(codes([group])).toEqual([]);
    expect(codes([{ ...group, provisioningStatus: "enabled" }])).toEqual([]);
  });

  it("is that there is none, that it is disabled, or that it goes by keys", () => {
    expect(codes([groupReferringTo("other", "root")])).toEqual(["group-not-found"]);
    expect(codes([{ ...group, provisioningStatus: "disabled" }])).toEqual(["group-disabled"]);
    expect(codes([{ ...group, attestation: { type: "symmetricKey" } }])).toEqual([
      "group-not-x509",
    ]);
  });

  it("is that an individual enrollment decides in its place", () => {
    const individual: IndividualEnrollment = {
      registrationId: "d",
      attestation: { type: "x509", x509: { caReferences: { primary: "root" } } },
    };
    const disabled = { ...group, provisioningStatus: "disabled" as const };
    expect(codes([disabled], individual)).toEqual(["individual-decides"]);
    expect(codes([], individual)).toEqual(["group-not-found"]);
    expect(decidingView(answerWith([group], individual))).toMatchObject({
      title: "the individual enrollment d",
      groups: [{ enrollmentGroupId: "d" }],
    });
    expect(decidingView(answerWith([group]))?.groups).toEqual([group]);
    const keyed = { ...individual, attestation: { type: "symmetricKey" as const } };
    expect(decidingView(answerWith([group], keyed))).toBeUndefined();
  });
});
