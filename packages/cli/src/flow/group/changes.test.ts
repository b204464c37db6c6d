import type { EnrollmentGroup } from "@dps-certs/dps-protocol";
import { describe, expect, it } from "vitest";
import { groupOn, groupReferringTo } from "../../testing/held.ts";
import { selfSigned } from "../../testing/issuing.ts";
import { withAttestation } from "../service/enrollment-members.ts";
import { changesOf } from "./changes.ts";
import { groupText } from "./text.ts";

const keyed = (primaryKey?: string): EnrollmentGroup => ({
  enrollmentGroupId: "g",
  attestation: {
    type: "symmetricKey",
    ...(primaryKey && { symmetricKey: { primaryKey, secondaryKey: "S" } }),
  },
});

describe("the changes of a group", () => {
  it("are none where the certificate is the one of the thumbprint", async () => {
    const [{ certificate: one }, { certificate: two }] = [
      await selfSigned("One"),
      await selfSigned("Two"),
    ];
    const stored = groupOn("g", one);
    const given = (pem: string) => ({ kind: "signingCertificates" as const, primary: pem });
    const with_ = (pem: string) => ({
      ...stored,
      attestation: withAttestation(stored.attestation, given(pem)),
    });
    expect(changesOf(stored, with_(one.pem))).toEqual([]);
    expect(changesOf(stored, with_(two.pem))).toEqual([
      `primary: CN=One (SHA-256 ${one.sha256}) -> CN=Two (SHA-256 ${two.sha256})`,
    ]);
    expect(changesOf(groupOn("g", one, two), stored)).toEqual([
      `secondary: CN=Two (SHA-256 ${two.sha256}) -> none`,
    ]);
    expect(changesOf(stored, { ...stored, attestation: { type: "symmetricKey" } })).toEqual([
      "attestation: x509 signingCertificates -> symmetricKey",
    ]);
  });

  it("know what the service takes for the same", () => {
    const stored: EnrollmentGroup = { ...keyed(), capabilities: { iotEdge: false }, iotHubs: [] };
    expect(changesOf(stored, { ...keyed(), provisioningStatus: "enabled" })).toEqual([]);
    const [upper, lower] = [groupReferringTo("g", "Root"), groupReferringTo("g", "root")];
    expect(changesOf(upper, lower)).toEqual([]);
  });

  it("name each member with what it was and is to be", () => {
    const wanted: EnrollmentGroup = {
      ...keyed(),
      provisioningStatus: "disabled",
      iotHubs: ["a"],
    };
    expect(changesOf(keyed(), wanted)).toEqual([
      "provisioningStatus: enabled -> disabled",
      'iotHubs: none -> ["a"]',
    ]);
  });

  it("never tell the key of a webhook, nor what is in a twin", () => {
    const wanted: EnrollmentGroup = {
      ...keyed(),
      customAllocationDefinition: {
        webhookUrl: "https://f.example/x?code=HUSH",
        apiVersion: "2021-10-01",
      },
      initialTwin: { tags: { secret: "HUSH" } },
    };
    const changes = changesOf(keyed(), wanted).join("\n");
    expect(changes).toContain("https://f.example/x?…");
    expect(changes).toContain("initialTwin: changed");
    expect(changes).not.toContain("HUSH");
    expect(groupText(wanted)).not.toContain("code=");
  });

  it("never tell a symmetric key", () => {
    const [change, ...others] = changesOf(keyed("OLD"), keyed("NEW"));
    expect([change, others]).toEqual(["primary: a key -> a key", []]);
  });

  it("know both keys of a TPM", () => {
    const withTpm = (storageRootKey: string) => ({
      attestation: { type: "tpm" as const, tpm: { endorsementKey: "EK", storageRootKey } },
    });
    expect(changesOf(withTpm("A"), withTpm("A"))).toEqual([]);
    expect(changesOf(withTpm("A"), withTpm("B"))).toEqual([
      "secondary: a storage root key -> a storage root key",
    ]);
  });
});
