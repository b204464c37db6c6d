/** Certificates that our own profiles cannot say, made by the openssl command. */
import { createPrivateKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseCertificate } from "../x509/certificate.ts";
import type { Issuer } from "../x509/issue.ts";
import { exportPrivateKeyPem } from "../x509/keys.ts";
import { openssl } from "./openssl.ts";

const CA = "basicConstraints=critical,CA:TRUE";
const SIGNS = "keyUsage=critical,keyCertSign,cRLSign";
const IDS = ["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"];

/** Extensions of a CA that is in order, as lines of an openssl.cnf. */
export const CA_EXTENSIONS: readonly string[] = [CA, SIGNS, ...IDS];
export const LEAF_EXTENSIONS: readonly string[] = [
  "basicConstraints=CA:FALSE",
  "keyUsage=critical,digitalSignature",
  "extendedKeyUsage=clientAuth",
  ...IDS,
];

export interface OpensslRequest {
  /** In openssl's form, `/CN=x`; may be empty: `/`. */
  subject: string;
  extensions: readonly string[];
  /** Undefined makes it self-signed. */
  issuer?: Issuer;
  stringMask?: "utf8only" | "default" | "nombstr";
  utf8?: boolean;
  /** Writes the curve's numbers out in place of its name. */
  explicitCurve?: boolean;
}

let made = 0;

/** Makes an EC certificate valid from now on for ten years, and its key. */
export function opensslIssue(folder: string, request: OpensslRequest): Issuer {
  made += 1;
  const at = (name: string) => join(folder, `${made}-${name}`);
  const { subject, extensions, issuer, stringMask = "utf8only", utf8 = false } = request;
  const config = `[req]\ndistinguished_name=dn\nstring_mask=${stringMask}\n[dn]\n[ext]\n`;
  writeFileSync(at("cnf"), `${config}${extensions.join("\n")}\n`);
  const curve = ["-pkeyopt", "ec_paramgen_curve:P-256"];
  const encoding = request.explicitCurve ? ["-pkeyopt", "ec_param_enc:explicit"] : [];
  const key = ["-newkey", "ec", ...curve, ...encoding, "-nodes"];
  const names = ["-config", at("cnf"), "-subj", subject, ...(utf8 ? ["-utf8"] : [])];
  const files = ["-keyout", at("key"), "-out", at("pem")];
  const self = issuer ? [] : ["-x509", "-days", "3650", "-extensions", "ext"];
  openssl(["req", "-new", ...self, ...key, ...names, ...files]);
  if (issuer !== undefined) {
    writeFileSync(at("ca.pem"), issuer.certificate.pem);
    writeFileSync(at("ca.key"), exportPrivateKeyPem(issuer.privateKey));
    const signer = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-days", "3650"];
    const ext = extensions.length > 0 ? ["-extfile", at("cnf"), "-extensions", "ext"] : [];
    openssl(["x509", "-req", "-in", at("pem"), "-out", at("out"), ...signer, ...ext]);
  }
  return {
    certificate: parseCertificate(readFileSync(at(issuer ? "out" : "pem"), "utf8")),
    privateKey: createPrivateKey(readFileSync(at("key"), "utf8")),
  };
}
