import { X509Certificate } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CertificatesClient, staticToken } from "../index.ts";
import { type Playback, type Recorded, startPlayback } from "../testing/playback.ts";
import {
  CERTIFICATES,
  DELETED_HEADERS,
  MANAGEMENT_HEADERS,
  pemOf,
  printed,
} from "../testing/recorded.ts";

const RESOURCE = {
  subscriptionId: "00000000-0000-0000-0000-000000000000",
  resourceGroup: "clitest.rg000001",
  dpsName: "dps000002",
};
const SERVICE = `/subscriptions/${RESOURCE.subscriptionId}/resourceGroups/${RESOURCE.resourceGroup}/providers/Microsoft.Devices/provisioningServices/${RESOURCE.dpsName}`;
const CODE = "7D07A6A51F8AF1469499A1D92074D629894BE9FA8A013E49";
const THUMBPRINT = "D0529BF2D7CAF23CC15506B2A7F0F08F27A428A0";

let playback: Playback;
beforeAll(async () => {
  playback = await startPlayback();
});
afterAll(() => playback.close());
afterEach(() => expect(playback.outcome()).toEqual({ differences: [], missing: 0 }));

const clientOf = (apiVersion: string) =>
  new CertificatesClient({
    endpoint: playback.url,
    ca: playback.ca,
    resource: RESOURCE,
    credential: staticToken("token"),
    apiVersion,
  });

/** An answer of api-versions since 2020: the bare name, no certificate, created in the year 1. */
const answered = (name: string, properties: Record<string, unknown>, etag: string) => ({
  properties: {
    ...("verificationCode" in properties ? { verificationCode: properties.verificationCode } : {}),
    subject: "TESTCERT000005",
    expiry: "Fri, 06 May 2022 17:50:01 GMT",
    thumbprint: THUMBPRINT,
    isVerified: false,
    created: "Mon, 01 Jan 0001 00:00:00 GMT",
    updated: "Tue, 03 May 2022 17:50:03 GMT",
    certificate: null,
    ...properties,
  },
  id: `${SERVICE}/certificates/${name}`,
  name,
  type: "Microsoft.Devices/provisioningServices/Certificates",
  etag,
});

// Azure/azure-cli, src/azure-cli/azure/cli/command_modules/iot/tests/latest/recordings/
// test_dps_certificate_lifecycle.yaml at 0169150978840c45bced95dce2c8101e61a2d1f2 (3 May 2022).
const ETAGS = {
  uploaded: "IjA1MDA2YmVhLTAwMDAtMDcwMC0wMDAwLTYyNzE2YjRiMDAwMCI=",
  verifiedOnUpload: "IjA1MDA2Y2VhLTAwMDAtMDcwMC0wMDAwLTYyNzE2YjRjMDAwMCI=",
  updated: "IjA1MDA2ZGVhLTAwMDAtMDcwMC0wMDAwLTYyNzE2YjUwMDAwMCI=",
  code: "IjA1MDA2ZWVhLTAwMDAtMDcwMC0wMDAwLTYyNzE2YjUxMDAwMCI=",
  verified: "IjA1MDA2ZmVhLTAwMDAtMDcwMC0wMDAwLTYyNzE2YjUyMDAwMCI=",
};
const FIRST = "certificate000003";
const SECOND = "verified-certificate-000004";

function lifecycle(version: string): Recorded[] {
  const { ca: certificate, verification } = CERTIFICATES;
  const path = (rest: string) => `${SERVICE}/certificates${rest}?api-version=${version}`;
  const headers = MANAGEMENT_HEADERS;
  const first = answered(FIRST, {}, ETAGS.uploaded);
  const second = answered(SECOND, { isVerified: true }, ETAGS.verifiedOnUpload);
  const code = { verificationCode: CODE, updated: "Tue, 03 May 2022 17:50:09 GMT", certificate };
  return [
    { request: `GET ${path("")}`, headers, body: { value: [] } },
    { request: `PUT ${path(`/${FIRST}`)}`, sends: { certificate }, headers, body: first },
    {
      request: `PUT ${path(`/${SECOND}`)}`,
      sends: { certificate, isVerified: true },
      headers,
      body: second,
    },
    { request: `GET ${path("")}`, headers, body: { value: [first, second] } },
    { request: `GET ${path(`/${FIRST}`)}`, headers, body: first },
    {
      request: `PUT ${path(`/${FIRST}`)}`,
      ifMatch: ETAGS.uploaded,
      sends: { certificate },
      headers,
      body: answered(FIRST, { updated: "Tue, 03 May 2022 17:50:08 GMT" }, ETAGS.updated),
    },
    {
      request: `POST ${path(`/${FIRST}/generateVerificationCode`)}`,
      ifMatch: ETAGS.updated,
      headers,
      body: answered(FIRST, code, ETAGS.code),
    },
    {
      request: `POST ${path(`/${FIRST}/verify`)}`,
      ifMatch: ETAGS.code,
      sends: { certificate: verification },
      headers,
      body: answered(FIRST, { isVerified: true }, ETAGS.verified),
    },
    {
      request: `DELETE ${path(`/${FIRST}`)}`,
      ifMatch: ETAGS.verified,
      headers: DELETED_HEADERS,
    },
    {
      request: `DELETE ${path(`/${SECOND}`)}`,
      ifMatch: ETAGS.verifiedOnUpload,
      headers: DELETED_HEADERS,
    },
  ];
}

describe.each(["2021-10-15", "2020-03-01"])("CA certificates, recorded at %s", (version) => {
  it("are uploaded, proven and deleted, each step with the etag before", async () => {
    playback.play(lifecycle(version));
    await using client = clientOf(version);
    const pem = pemOf(CERTIFICATES.ca);
    expect(await client.list()).toEqual([]);
    const uploaded = await client.upload(FIRST, pem);
    const second = await client.upload(SECOND, pem, { verified: true });
    expect(second.properties.isVerified).toBe(true);
    expect((await client.list()).map(({ name }) => name)).toEqual([FIRST, SECOND]);
    expect((await client.get(FIRST)).properties).toMatchObject({
      created: "Mon, 01 Jan 0001 00:00:00 GMT",
      certificate: null,
      thumbprint: new X509Certificate(pem).fingerprint.replaceAll(":", ""),
    });
    const again = await client.upload(FIRST, pem, { ifMatch: uploaded.etag });
    const code = await client.generateVerificationCode(FIRST, { ifMatch: again.etag });
    expect(code.properties.verificationCode).toBe(CODE);
    const proof = pemOf(CERTIFICATES.verification);
    const verified = await client.verify(FIRST, proof, { ifMatch: code.etag });
    expect(verified.properties.isVerified).toBe(true);
    await client.delete(FIRST, { ifMatch: verified.etag });
    await client.delete(SECOND, { ifMatch: second.etag });
  });
});

it("proves possession in one call by the recorded steps", async () => {
  const run = lifecycle("2021-10-15");
  const [current, steps] = [run[4], run.slice(6, 8)];
  const body = answered(FIRST, {}, ETAGS.updated);
  playback.play([...(current ? [{ ...current, body }] : []), ...steps]);
  await using client = clientOf("2021-10-15");
  const codes: string[] = [];
  const verified = await client.provePossession(FIRST, (code) => {
    codes.push(code);
    return pemOf(CERTIFICATES.verification);
  });
  expect(codes).toEqual([CODE]);
  expect(verified.etag).toBe(ETAGS.verified);
});

// Azure/azure-powershell, src/DeviceProvisioningServices/DeviceProvisioningServices.Test/
// SessionRecords/…/IotDpsCertificateLifeCycle.json at 2994d0854d3209679264227aa159f6d2f3aa0739
// (18 April 2018): the subject whole, a real date of creation, no member for the certificate.
describe("CA certificates, recorded at 2017-11-15", () => {
  const properties = {
    subject: "CN=TestCertificate",
    expiry: "Fri, 18 May 2018 01:22:33 GMT",
    thumbprint: "A2FDE91F002091267144C01D2F83F943C315D4AB",
    isVerified: false,
    created: "Wed, 18 Apr 2018 01:22:34 GMT",
    updated: "Wed, 18 Apr 2018 01:22:34 GMT",
  };
  const answeredThen = (changed: Record<string, unknown>, etag: string) =>
    printed({
      properties: { ...properties, ...changed },
      id: `${SERVICE}/certificates/TestCertificate`,
      name: "TestCertificate",
      type: "Microsoft.Devices/provisioningServices/Certificates",
      etag,
    });
  const path = (rest = "") =>
    `${SERVICE}/certificates/TestCertificate${rest}?api-version=2017-11-15`;
  const verificationCode = "7D9BDFF9BD7037666A250E4214735E3A0B1A063D7D81F638";

  it("are proven as well", async () => {
    const headers = MANAGEMENT_HEADERS;
    playback.play([
      { request: `GET ${path()}`, headers, body: answeredThen({}, "AAAAAAAbvCY=") },
      {
        request: `POST ${path("/generateVerificationCode")}`,
        ifMatch: "AAAAAAAbvCY=",
        headers,
        body: answeredThen({ verificationCode }, "AAAAAAAbvCc="),
      },
      {
        request: `POST ${path("/verify")}`,
        ifMatch: "AAAAAAAbvCc=",
        sends: { certificate: CERTIFICATES.verification },
        headers,
        body: answeredThen({ isVerified: true }, "AAAAAAAbvCg="),
      },
      { request: `DELETE ${path()}`, ifMatch: "AAAAAAAbvCg=", headers: DELETED_HEADERS },
    ]);
    await using client = clientOf("2017-11-15");
    // DER, as that client sent it; ours always sends PEM.
    const der = new X509Certificate(pemOf(CERTIFICATES.verification)).raw;
    const verified = await client.provePossession("TestCertificate", (code) => {
      expect(code).toBe(verificationCode);
      return der;
    });
    expect(verified.properties).toEqual({ ...properties, isVerified: true });
    await client.delete("TestCertificate", { ifMatch: verified.etag });
  });
});

describe("refusals of the resource provider", () => {
  const refused = (status: number, code: number, httpStatusCode: string, text: string) => ({
    status,
    headers: MANAGEMENT_HEADERS,
    body: {
      code,
      httpStatusCode,
      message: `${text} If you contact a support representative please include this correlation identifier: 866001be-b660-4df4-9b12-72759066aa65, timestamp: 2023-02-16 22:40:41Z, errorcode: IH${code}.`,
    },
  });
  const request = `POST ${SERVICE}/certificates/${FIRST}/verify?api-version=2021-10-15`;

  // Azure/azure-cli#13098 (412001); Azure/azure-iot-sdk-c#1347 (400053).
  it.each([
    [412, 412001, "PreconditionFailed", "Invalid ETag supplied.", "etag-mismatch"],
    [
      400,
      400053,
      "BadRequest",
      "Proof-Of-Possession failed. Issuer certificate 'CN=Azure IoT Hub Intermediate Cert Test Only' cannot be found in the certificate chain.",
      "proof-of-possession-failed",
    ],
  ])(
    "%i with %i are read with number, words and tracking id",
    async (status, code, name, text, expected) => {
      playback.play([
        {
          request,
          ifMatch: "old",
          sends: { certificate: CERTIFICATES.verification },
          ...refused(status, code, name, text),
        },
      ]);
      await using client = clientOf("2021-10-15");
      const verified = client.verify(FIRST, pemOf(CERTIFICATES.verification), { ifMatch: "old" });
      await expect(verified).rejects.toMatchObject({
        code: expected,
        status,
        errorCode: code,
        serviceMessage: text,
        trackingId: "866001be-b660-4df4-9b12-72759066aa65",
      });
    },
  );
});
