import { join, resolve } from "node:path";
import {
  leafPaths,
  loadCa,
  type Names,
  type PasswordSource,
  parseRequest,
  type RequestProfile,
  signRequest,
} from "@dps-certs/ca-tools";
import { checkDeviceId } from "../args.ts";
import type { Context } from "../command.ts";
import { shortPath } from "../output/text.ts";
import { readRegistry, warnCut } from "./ca-steps.ts";
import { defaultIssuer } from "./issuer-choice.ts";
import { readBounded } from "./read-input.ts";

export interface SignOptions {
  /** Path of the request. */
  csr: string;
  issuer: string | undefined;
  profile: string;
  /** @default the request's */
  commonName: string | undefined;
  names: Names;
  /** @default the profile's */
  days: number | undefined;
  force: boolean;
  /** Opens the CA's key. */
  password: PasswordSource;
}

const PROFILES: Readonly<Record<string, RequestProfile>> = {
  device: "device",
  server: "server",
  intermediate: "intermediate",
  "edge-ca": "edgeCa",
  "edge-identity": "edgeIdentity",
  "edge-server": "edgeServer",
};

/** What registers by its common name. */
const REGISTERING = new Set(["device", "edge-identity"]);

export async function signFile(
  context: Context,
  { csr, issuer, profile, names, days, force, password, ...given }: SignOptions,
): Promise<void> {
  const { pki, io, report } = context;
  const request = parseRequest(await readBounded(resolve(io.cwd, csr)), csr);
  const commonName = given.commonName ?? request.commonName;
  if (commonName !== undefined && REGISTERING.has(profile)) checkDeviceId(commonName);
  const registry = await readRegistry(pki);
  const name = issuer ?? defaultIssuer(registry, pki);
  const ca = await loadCa(pki, registry, name, password);
  const { id, certificate, cutFrom } = await signRequest(pki, {
    issuer: ca,
    request,
    now: io.now(),
    force,
    profile: PROFILES[profile] ?? "device",
    subjectAlternativeNames: names,
    ...(commonName !== undefined && { commonName }),
    ...(days !== undefined && { days }),
  });
  const paths = leafPaths(id);
  const path = shortPath(io.cwd, join(pki, paths.certificate));
  report.step("done", id, `${path}   signed by ${certificate.issuer}`);
  warnCut(report, id, { certificate, cutFrom });
  const asked = request.subjectAlternativeNames.length + request.extensions.length;
  if (asked > 0)
    report.note("what else the request asked for is left out; see: --dns, --ip, --profile");
  const result = {
    id,
    subject: certificate.subject,
    issuer: certificate.issuer,
    serialNumber: certificate.serialNumber,
    sha256: certificate.sha256,
    sha1: certificate.sha1,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    keyAlgorithm: request.keyAlgorithm,
    certificate: paths.certificate,
    fullChain: paths.fullChain,
    request: paths.request,
  };
  report.result(result, "");
}
