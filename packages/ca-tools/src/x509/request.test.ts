import { createPublicKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fc, it as property } from "@fast-check/vitest";
import { beforeAll, describe, expect, it } from "vitest";
import { CaToolsError } from "../errors.ts";
import { openssl } from "../testing/openssl.ts";
import { scratch } from "../testing/scratch.ts";
import { exportPrivateKeyPem, generateKeyPair, type KeyAlgorithmName } from "./keys.ts";
import {
  type CertificateRequest,
  createRequest,
  MAX_REQUEST_BYTES,
  parseRequest,
} from "./request.ts";

let request: CertificateRequest;
beforeAll(async () => {
  request = await createRequest({
    commonName: "dev-1",
    keys: await generateKeyPair(),
    subjectAlternativeNames: { dns: ["gw.example"], ip: ["10.0.0.5", "::1"] },
  });
});

/** A request of the openssl command's. */
function opensslRequest(key: readonly string[], ...rest: string[]): string {
  const files = ["-nodes", "-keyout", join(scratch(), "key.pem")];
  return openssl(["req", "-new", "-subj", "/CN=dev-1", ...key, ...files, ...rest]);
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const codeOf = (input: string | Uint8Array) => {
  try {
    parseRequest(input, "dev-1.csr");
    return "taken";
  } catch (error) {
    expect(error).toMatchObject({ file: "dev-1.csr", hint: expect.any(String) });
    return (error as CaToolsError).code;
  }
};

describe("createRequest", () => {
  it.each<[KeyAlgorithmName, string]>([
    ["ec-p256", "ecdsa-with-SHA256"],
    ["ec-p384", "ecdsa-with-SHA384"],
    ["rsa-2048", "sha256WithRSAEncryption"],
  ])("is verified by openssl, signed by a %s key with %s", async (algorithm, signature) => {
    const keys = await generateKeyPair(algorithm);
    const made = await createRequest({ commonName: 'a,b "c"#/é', keys });
    const args = ["req", "-noout", "-verify", "-text", "-nameopt", "RFC2253,-esc_msb,utf8"];
    const text = openssl(args, undefined, made.pem);
    expect(text).toContain("verify OK");
    expect(text).toContain(`Signature Algorithm: ${signature}`);
    expect(text).toContain('CN=a\\,b \\"c\\"#/é');
    expect(made).toMatchObject({ keyAlgorithm: algorithm, signatureAlgorithm: signature });
    expect(made.publicKey.equals(keys.publicKey)).toBe(true);
  });

  it("asks for no common name that a certificate could not have", async () => {
    const keys = await generateKeyPair();
    const asked = createRequest({ commonName: "x".repeat(65), keys });
    await expect(asked).rejects.toMatchObject({ code: "invalid-name" });
  });

  it("asks for host names and addresses", () => {
    const text = openssl(["req", "-noout", "-text"], undefined, request.pem);
    expect(text).toContain("DNS:gw.example, IP Address:10.0.0.5, IP Address:0:0:0:0:0:0:0:1");
  });

  it("passes a name on byte for byte", async () => {
    const { subjectName } = parseRequest(opensslRequest(EC, "-subj", "/O=Fabrik Süd/CN=dev-1"));
    const made = await createRequest({ subject: subjectName, keys: await generateKeyPair() });
    expect(Buffer.from(made.subjectName.toArrayBuffer())).toEqual(
      Buffer.from(subjectName.toArrayBuffer()),
    );
  });
});

describe("parseRequest", () => {
  it("reads what openssl makes", () => {
    const folder = scratch();
    const files = ["-nodes", "-keyout", join(folder, "key.pem"), "-out", join(folder, "csr.pem")];
    const asked = ["-addext", "subjectAltName=DNS:gw.example,IP:10.0.0.5,URI:https://x/"];
    const greedy = ["-addext", "basicConstraints=critical,CA:TRUE"];
    openssl(["req", "-new", "-subj", "/O=Factory/CN=dev-1", ...EC, ...files, ...asked, ...greedy]);
    const read = parseRequest(readFileSync(join(folder, "csr.pem"), "utf8"));
    expect(read).toMatchObject({
      subject: "O=Factory, CN=dev-1",
      commonName: "dev-1",
      keyAlgorithm: "ec-p256",
      subjectAlternativeNames: [
        { type: "dns", value: "gw.example" },
        { type: "ip", value: "10.0.0.5" },
        { type: "uri", value: "https://x/" },
      ],
      extensions: [
        { oid: "2.5.29.17", critical: false },
        { oid: "2.5.29.19", critical: true },
      ],
    });
    const key = openssl(["pkey", "-pubout", "-in", join(folder, "key.pem")]);
    expect(read.publicKey.equals(createPublicKey(key))).toBe(true);
  });

  it("reads one without extensions and with other attributes", () => {
    const read = parseRequest(opensslRequest(EC));
    expect(read).toMatchObject({ extensions: [], subjectAlternativeNames: [] });
    const folder = scratch();
    const config = "[req]\nprompt=no\ndistinguished_name=dn\nattributes=at\n[dn]\nCN=x\n";
    writeFileSync(join(folder, "cnf"), `${config}[at]\nchallengePassword=secret1\n`);
    const files = ["-config", join(folder, "cnf"), "-nodes", "-keyout", join(folder, "key")];
    expect(parseRequest(openssl(["req", "-new", ...EC, ...files])).commonName).toBe("x");
  });

  it("gives no common name where there are several", () => {
    const read = parseRequest(opensslRequest(EC, "-subj", "/CN=dev-1/CN=victim"));
    expect(read.commonName).toBeUndefined();
  });

  it.each<[string, (pem: string, der: Uint8Array) => string | Uint8Array]>([
    ["DER", (_, der) => der],
    ["PEM as bytes", (pem) => Buffer.from(pem)],
    ["CRLF", (pem) => pem.replaceAll("\n", "\r\n")],
    ["text before and behind it", (pem) => `Request of:\n  dev-1 - new\n${pem}-- \nbye`],
    ["a byte order mark", (pem) => `\uFEFF${pem}`],
    ["another block before it", (pem) => `-----BEGIN X-----\nAAAA\n-----END X-----\n${pem}`],
    ["the label of old programs", (pem) => pem.replaceAll("CERTIFICATE", "NEW CERTIFICATE")],
    ["the first of several", (pem) => `${pem}${pem.replace(/[A-D]/g, "E")}`],
  ])("takes %s", (_, form) => {
    const { pem, der } = request;
    expect(parseRequest(form(pem, der))).toMatchObject({ commonName: "dev-1", pem });
  });

  it.each<[string, (pem: string, der: Uint8Array) => string | Uint8Array]>([
    ["nothing", () => ""],
    ["no bytes", () => new Uint8Array()],
    ["zero bytes", () => new Uint8Array(500)],
    ["text", () => "not a request"],
    ["a PEM text that is cut off", (pem) => pem.slice(0, -40)],
    ["DER that is cut off", (_, der) => der.slice(0, -1)],
    ["DER with bytes behind it", (_, der) => Buffer.concat([der, Buffer.from([0])])],
    ["PEM with bytes behind the DER", (_, der) => armoured(Buffer.concat([der, der]))],
    ["PEM with an inner part that is no base64", (pem) => pem.replace(/[A-D]/, "!")],
    ["UTF-16", (pem) => Buffer.from(pem, "utf16le")],
    ["a certificate's label", (pem) => pem.replaceAll("CERTIFICATE REQUEST", "CERTIFICATE")],
    ["too much", (pem) => `${" ".repeat(MAX_REQUEST_BYTES)}${pem}`],
  ])("refuses %s", (_, form) => {
    expect(codeOf(form(request.pem, request.der))).toBe("invalid-request");
  });

  it("refuses one whose signature does not verify, whatever was changed", () => {
    const changed = Buffer.from(request.der);
    changed.write("dev-2", changed.indexOf("dev-1"));
    const signature = Buffer.from(request.der);
    signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
    expect([codeOf(changed), codeOf(signature)]).toEqual(["invalid-request", "invalid-request"]);
    expect(openssl(["req", "-noout", "-text"], undefined, armoured(changed))).toContain("dev-2");
  });

  it("refuses one that another key has signed", async () => {
    const folder = scratch();
    const { privateKey } = await generateKeyPair();
    writeFileSync(join(folder, "key.pem"), exportPrivateKeyPem(privateKey));
    const other = parseRequest(opensslRequest(EC, "-key", join(folder, "key.pem")));
    const mixed = Buffer.from(other.der);
    // The key of the one in the other; both have their key at the same place.
    const [from, to] = [request, other].map(({ publicKey }) =>
      publicKey.export({ type: "spki", format: "der" }),
    );
    mixed.set(from ?? [], mixed.indexOf(to ?? ""));
    expect(() => parseRequest(mixed)).toThrow(/signature/);
  });

  it("refuses a signature by a digest that proves nothing", () => {
    expect(codeOf(opensslRequest(EC, "-sha1"))).toBe("invalid-request");
  });

  it.each([
    ["Ed25519", ["-newkey", "ed25519"]],
    ["secp256k1", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"]],
    ["RSA-1024", ["-newkey", "rsa:1024"]],
  ])("refuses %s keys", (_, key) => {
    expect(codeOf(opensslRequest(key))).toBe("unsupported-key");
  });

  property.prop([fc.nat(), fc.uint8Array({ maxLength: 4 }), fc.boolean()], { numRuns: 300 })(
    "answers or refuses, whatever bytes are changed",
    (at, bytes, cut) => {
      const der = Buffer.from(request.der);
      const place = at % der.length;
      der.set(bytes.subarray(0, der.length - place), place);
      const input = cut ? der.subarray(0, place) : der;
      try {
        expect(parseRequest(input).pem).toBe(request.pem);
      } catch (error) {
        expect(error).toBeInstanceOf(CaToolsError);
      }
    },
  );

  property.prop([fc.nat(), fc.string({ maxLength: 6, unit: "binary" })], { numRuns: 200 })(
    "answers or refuses, whatever is written into the PEM text",
    (at, text) => {
      const { pem } = request;
      const place = at % pem.length;
      try {
        parseRequest(pem.slice(0, place) + text + pem.slice(place + text.length));
      } catch (error) {
        expect(error).toBeInstanceOf(CaToolsError);
      }
    },
  );
});

const armoured = (der: Uint8Array) =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
