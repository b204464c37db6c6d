import { readFileSync } from "node:fs";
import {
  CertificateList,
  CertificateResponse,
  parseWire,
  VerificationCodeResponse,
} from "@dps-certs/dps-protocol";
import { describe, expect, it } from "vitest";
import { issue, rootCa, uploadable } from "../testing/pki.ts";
import { type Answer, makeWorld, type World } from "../testing/world.ts";
import { mintManagementToken } from "./bearer.ts";

const recorded = (name: string) =>
  readFileSync(new URL(`../testing/recorded/${name}`, import.meta.url), "utf8").trim();
const RECORDED_CA = recorded("recorded-ca.certificate-field.b64");
const RECORDED_PROOF = recorded("recorded-verification.certificate-field.b64");
const RECORDED_CODE = "7D07A6A51F8AF1469499A1D92074D629894BE9FA8A013E49";
const RECORDED_TIME = "2022-05-03T17:50:03Z";
const FLAT = "?api-version=2021-10-15";

const match = (etag: string) => ({ headers: { "if-match": etag } });
const code = ({ status, body }: Answer) => [status, body?.code ?? body?.error?.code];
const seconds = (etag: string) =>
  Number.parseInt(Buffer.from(etag, "base64").toString().slice(25, 33), 16);

/** A world whose verification codes are the given one. */
function worldWithCode(hex: string, start: string): World {
  const world = makeWorld({ start: new Date(start) });
  world.context.randomBytes = (size) =>
    size === hex.length / 2 ? Buffer.from(hex, "hex") : Buffer.alloc(size, 7);
  return world;
}

describe("the recorded proof of possession", () => {
  it("passes step by step as it did in the real service", async () => {
    const world = worldWithCode(RECORDED_CODE, RECORDED_TIME);
    const body = { certificate: RECORDED_CA };
    const created = await world.certificates("PUT", `/certificate000003${FLAT}`, { body });
    const { subscriptionId, resourceGroup, dpsName } = world.service;
    const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Devices/provisioningServices/${dpsName}/certificates/certificate000003`;
    // The text, so that the order of the members counts.
    expect(JSON.stringify(created.body, null, 1)).toBe(
      JSON.stringify(
        {
          properties: {
            subject: "TESTCERTp52ge6w33t3wbmnd",
            expiry: "Fri, 06 May 2022 17:50:01 GMT",
            thumbprint: "D0529BF2D7CAF23CC15506B2A7F0F08F27A428A0",
            isVerified: false,
            created: "Mon, 01 Jan 0001 00:00:00 GMT",
            updated: "Tue, 03 May 2022 17:50:03 GMT",
            certificate: null,
          },
          id,
          name: "certificate000003",
          type: "Microsoft.Devices/provisioningServices/Certificates",
          etag: created.body.etag,
        },
        null,
        1,
      ),
    );
    expect(created.status).toBe(200);
    expect(seconds(created.body.etag)).toBe(Date.parse(RECORDED_TIME) / 1000);

    const again = await world.certificates("PUT", `/certificate000003${FLAT}`, {
      body,
      ...match(created.body.etag),
    });
    expect(again.body.properties.isVerified).toBe(false);

    const generated = await world.certificates(
      "POST",
      `/certificate000003/generateVerificationCode${FLAT}`,
      match(again.body.etag),
    );
    expect(Object.keys(generated.body.properties)[0]).toBe("verificationCode");
    expect(generated.body.properties).toMatchObject({
      verificationCode: RECORDED_CODE,
      certificate: RECORDED_CA,
    });

    const verified = await world.certificates("POST", `/certificate000003/verify${FLAT}`, {
      body: { certificate: RECORDED_PROOF },
      ...match(generated.body.etag),
    });
    expect(verified.status).toBe(200);
    expect(verified.body.properties).toMatchObject({ isVerified: true, certificate: null });

    const etags = [created, again, generated, verified].map(({ body: { etag } }) => etag);
    expect(new Set(etags).size).toBe(4);

    const deleted = await world.certificates("DELETE", "/certificate000003", match(etags[3]));
    expect([deleted.status, deleted.body]).toEqual([200, undefined]);
    const absent = await world.certificates("DELETE", "/certificate000003", match(etags[3]));
    expect(absent.status).toBe(204);
  });

  it("passes with PEM text in place of the recorded base64", async () => {
    const world = worldWithCode(RECORDED_CODE, RECORDED_TIME);
    await world.certificates("PUT", `/c${FLAT}`, {
      body: { certificate: recorded("recorded-ca.pem") },
    });
    await world.certificates("POST", `/c/generateVerificationCode${FLAT}`, match("*"));
    const answer = await world.certificates("POST", `/c/verify${FLAT}`, {
      body: { certificate: recorded("recorded-verification.pem") },
      ...match("*"),
    });
    expect(answer.body.properties.isVerified).toBe(true);
  });

  it("fails a day after the verification certificate's end", async () => {
    const world = worldWithCode(RECORDED_CODE, RECORDED_TIME);
    await world.certificates("PUT", `/c${FLAT}`, { body: { certificate: RECORDED_CA } });
    await world.certificates("POST", `/c/generateVerificationCode${FLAT}`, match("*"));
    world.at("2022-05-08T00:00:00Z");
    const answer = await world.certificates("POST", `/c/verify${FLAT}`, {
      body: { certificate: RECORDED_PROOF },
      ...match("*"),
    });
    expect(code(answer)).toEqual([400, 400053]);
    expect(answer.body.message).toContain("not valid at this time");
  });
});

describe("proof of possession", () => {
  async function withCode() {
    const world = makeWorld();
    const ca = await rootCa("Root");
    await world.upload("plant-ca", ca);
    const next = async (): Promise<string> =>
      (await world.certificates("POST", "/plant-ca/generateVerificationCode", match("*"))).body
        .properties.verificationCode;
    const verify = async (certificate: string) =>
      await world.certificates("POST", "/plant-ca/verify", {
        body: { certificate },
        ...match("*"),
      });
    const isVerified = async () =>
      (await world.certificates("GET", "/plant-ca")).body.properties.isVerified;
    return { world, ca, next, verify, isVerified };
  }

  it("has a code of 48 hex digits, another one each time", async () => {
    const { next } = await withCode();
    const codes = [await next(), await next()];
    for (const one of codes) expect(one).toMatch(/^[0-9A-F]{48}$/);
    expect(codes[0]).not.toBe(codes[1]);
  });

  it("is refused when another CA signed, even one of the same name", async () => {
    const { ca, next, verify, isVerified } = await withCode();
    const verificationCode = await next();
    const below = await issue("intermediate", "Below", ca);
    for (const other of [await rootCa("Root"), await rootCa("Other"), below]) {
      const proof = await issue("verification", verificationCode, other);
      const answer = await verify(uploadable(proof));
      expect(code(answer)).toEqual([400, 400053]);
      expect(answer.body.message).toMatch(
        /^Proof-Of-Possession failed\. Issuer certificate 'CN=\w+' cannot be found in the certificate chain\. If you contact a support representative please include this correlation identifier: [0-9a-f-]{36}, timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ, errorcode: IH400053\.$/,
      );
      expect(answer.body.httpStatusCode).toBe("BadRequest");
    }
    expect(await isVerified()).toBe(false);
  });

  it("is refused with a wrong code, and goes on with the right one", async () => {
    const { ca, next, verify, isVerified } = await withCode();
    const verificationCode = await next();
    const wrong = await issue("verification", "0".repeat(48), ca);
    expect(code(await verify(uploadable(wrong)))).toEqual([400, 400053]);
    expect(await isVerified()).toBe(false);
    const right = await issue("verification", verificationCode, ca);
    expect((await verify(uploadable(right))).status).toBe(200);
  });

  it("is refused with a code that a fresh one voided", async () => {
    const { ca, next, verify, isVerified } = await withCode();
    const old = await issue("verification", await next(), ca);
    await next();
    expect(code(await verify(uploadable(old)))).toEqual([400, 400053]);
    expect(await isVerified()).toBe(false);
  });

  it("is refused with a used code", async () => {
    const { world, ca, next, verify } = await withCode();
    const proof = uploadable(await issue("verification", await next(), ca));
    expect((await verify(proof)).status).toBe(200);
    const answer = await verify(proof);
    expect(code(answer)).toEqual([400, 400053]);
    expect(answer.body.message).toContain("No verification code is outstanding");
    expect(world.errors).toEqual([]);
  });

  it("is refused when no code was asked for", async () => {
    const { ca, verify } = await withCode();
    const proof = await issue("verification", "undefined", ca);
    expect(code(await verify(uploadable(proof)))).toEqual([400, 400053]);
  });

  it("takes PEM text, base64 of PEM and base64 of DER, and refuses everything else", async () => {
    const { ca, next, verify } = await withCode();
    const proofOf = async () => (await issue("verification", await next(), ca)).certificate;
    expect((await verify((await proofOf()).pem)).status).toBe(200);
    const { der } = await proofOf();
    expect((await verify(Buffer.from(der).toString("base64"))).status).toBe(200);
    for (const garbage of ["", "AAAA", "-----BEGIN CERTIFICATE-----", "ä"]) {
      expect(code(await verify(garbage))).toEqual([400, 400123]);
    }
  });
});

describe("a certificate of the service", () => {
  it("is stored as verified without proof when the upload says so", async () => {
    const world = makeWorld();
    const answer = await world.upload("plant-ca", await rootCa("Root"), { verified: true });
    expect(answer.body.properties.isVerified).toBe(true);
  });

  it("keeps what was proven when the same is uploaded again, and loses it to another one", async () => {
    const world = makeWorld();
    const [ca, other] = [await rootCa("Root"), await rootCa("Root")];
    await world.upload("plant-ca", ca);
    expect((await world.prove("plant-ca", ca)).status).toBe(200);
    const replace = (certificate: string) =>
      world.certificates("PUT", "/plant-ca", {
        body: { properties: { certificate } },
        ...match("*"),
      });
    expect((await replace(ca.certificate.pem)).body.properties.isVerified).toBe(true);
    await world.certificates("POST", "/plant-ca/generateVerificationCode", match("*"));
    expect((await replace(uploadable(other))).body.properties.isVerified).toBe(false);
    // Nor does a code that was drawn for the one speak for the other.
    const late = await world.certificates("POST", "/plant-ca/verify", {
      body: { certificate: uploadable(await issue("verification", "any", other)) },
      ...match("*"),
    });
    expect(late.body.message).toContain("No verification code is outstanding");
  });

  it("is nested in `properties` since 2022-02-05, and flat before", async () => {
    const world = makeWorld();
    const certificate = uploadable(await rootCa("Root"));
    const put = (version: string, body: object) =>
      world.certificates("PUT", `/${version}?api-version=${version}`, { body });
    expect((await put("2021-10-15", { certificate })).status).toBe(200);
    expect((await put("2022-02-05", { properties: { certificate } })).status).toBe(200);
    expect(code(await put("2022-02-05", { certificate }))).toEqual([400, 400123]);
    expect(code(await put("2021-10-15", { properties: { certificate } }))).toEqual([400, 400123]);
  });

  it.each([
    ...["2017-08-21-preview", "2017-11-15", "2018-01-22", "2020-01-01", "2020-03-01"],
    ...["2020-09-01-preview", "2021-10-15", "2022-02-05", "2022-12-12", "2025-02-01-preview"],
    ...["2026-03-01-preview", "2026-04-01", "2026-06-01-preview", "2026-08-01", "2026-08-31"],
  ])("goes through its whole life with api-version %s", async (version) => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    // One SDK repeats what it knows of the certificate in the query, and nobody minds.
    const more = "certificate.name=x&certificate.isVerified=true&certificate.nonce=n";
    const send = (method: string, path: string, sent?: object) =>
      world.certificates(method, `${path}?api-version=${version}&${more}`, sent);
    const upload = { certificate: uploadable(ca), isVerified: false };
    const body = version < "2022-02-05" ? upload : { properties: upload };
    const uploaded = parseWire(CertificateResponse, (await send("PUT", "/c", { body })).body, "");
    expect([uploaded.properties.subject, uploaded.properties.isVerified]).toEqual(["Root", false]);
    const generated = await send("POST", "/c/generateVerificationCode", match(uploaded.etag));
    const { properties, etag } = parseWire(VerificationCodeResponse, generated.body, "a code");
    const proof = await issue("verification", properties.verificationCode, ca);
    const verified = await send("POST", "/c/verify", {
      body: { certificate: proof.certificate.pem },
      ...match(etag),
    });
    expect(parseWire(CertificateResponse, verified.body, "").properties.isVerified).toBe(true);
    const listed = parseWire(CertificateList, (await send("GET", "")).body, "a list");
    expect(listed.value).toEqual([verified.body]);
    expect((await send("DELETE", "/c", match("*"))).status).toBe(200);
  });

  it("is listed and found by its name in any case", async () => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    await world.upload("b", ca);
    await world.upload("A", ca);
    const names = (await world.certificates("GET", "")).body.value.map(
      ({ name }: { name: string }) => name,
    );
    expect(names).toEqual(["A", "b"]);
    expect((await world.certificates("GET", "/a")).body.name).toBe("A");
    expect(code(await world.certificates("GET", "/c"))).toEqual([404, "ResourceNotFound"]);
  });

  it("is changed only with its current etag, quoted or not, or *", async () => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    const first = (await world.upload("plant-ca", ca)).body.etag;
    expect(code(await world.upload("plant-ca", ca))).toEqual([412, 412001]);
    const generate = (headers: Record<string, string>) =>
      world.certificates("POST", "/plant-ca/generateVerificationCode", { headers });
    const second = (await generate({ "if-match": `"${first}"` })).body.etag;
    expect(second).not.toBe(first);
    expect(code(await generate({ "if-match": first }))).toEqual([412, 412001]);
    expect(code(await generate({}))).toEqual([400, 400123]);
    for (const [method, path] of [
      ["DELETE", "/plant-ca"],
      ["POST", "/plant-ca/verify"],
    ] as const) {
      const body = { certificate: uploadable(ca) };
      expect(code(await world.certificates(method, path, { body }))).toEqual([400, 400123]);
      expect(code(await world.certificates(method, path, { body, ...match(first) }))).toEqual([
        412, 412001,
      ]);
    }
    expect((await world.certificates("DELETE", "/plant-ca", match("*"))).status).toBe(200);
  });

  it("is one of 25 at most", async () => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    for (let n = 1; n <= 25; n += 1) expect((await world.upload(`c${n}`, ca)).status).toBe(200);
    expect(code(await world.upload("c26", ca))).toEqual([400, 400123]);
    await world.certificates("DELETE", "/c7", match("*"));
    expect((await world.upload("c26", ca)).status).toBe(200);
  });

  it("has a name of the service's form", async () => {
    const world = makeWorld();
    const ca = await rootCa("Root");
    for (const name of ["a%2Fb", "x".repeat(65), "%C3%A4", "a%20b"]) {
      expect(code(await world.upload(name, ca))).toEqual([400, 400123]);
    }
  });

  it("is not found under a name that only Unicode folds to its own", async () => {
    const world = makeWorld();
    await world.upload("k", await rootCa("Root"));
    // U+212A, the Kelvin sign.
    const path = "/%E2%84%AA";
    expect((await world.certificates("GET", path)).status).toBe(404);
    expect((await world.certificates("DELETE", path, match("*"))).status).toBe(204);
    expect((await world.certificates("GET", "/k")).status).toBe(200);
  });

  it("is refused when it is no certificate", async () => {
    const world = makeWorld();
    for (const certificate of ["", "garbage!", "AAAA", "TUlJ"]) {
      const body = { properties: { certificate } };
      expect(code(await world.certificates("PUT", "/c", { body }))).toEqual([400, 400123]);
    }
    expect((await world.certificates("GET", "")).body.value).toEqual([]);
  });
});

describe("the management plane", () => {
  it("knows its own subscription, resource group and service alone, in any case", async () => {
    const world = makeWorld();
    const { subscriptionId, resourceGroup, dpsName } = world.service;
    const headers = { authorization: await bearerOf(world) };
    const get = (...[subscription, group, service]: string[]) =>
      world.send(
        "GET",
        `/SUBSCRIPTIONS/${subscription}/resourcegroups/${group}/providers/microsoft.devices/PROVISIONINGSERVICES/${service}/Certificates/?api-version=2022-12-12`,
        { headers },
      );
    expect((await get(subscriptionId.toUpperCase(), resourceGroup, dpsName)).status).toBe(200);
    expect(code(await get("other", resourceGroup, dpsName))).toEqual([404, "SubscriptionNotFound"]);
    expect(code(await get(subscriptionId, "other", dpsName))).toEqual([
      404,
      "ResourceGroupNotFound",
    ]);
    expect(code(await get(subscriptionId, resourceGroup, "other"))).toEqual([
      404,
      "ResourceNotFound",
    ]);
  });

  it("wants an api-version", async () => {
    const world = makeWorld();
    const without = await world.certificates("GET", "?x=1");
    expect(code(without)).toEqual([400, "MissingApiVersionParameter"]);
    const wrong = await world.certificates("GET", "?api-version=latest");
    expect(code(wrong)).toEqual([400, "InvalidApiVersionParameter"]);
  });
});

async function bearerOf(world: World): Promise<string> {
  return `Bearer ${await mintManagementToken(world.service, world.context.now())}`;
}
