import { issueCertificate } from "../x509/issue.ts";
import { algorithmDetails, algorithmOf, generateKeyPair } from "../x509/keys.ts";
import { devicesOf } from "./devices-of.ts";
import { batchIssuer, type IssuingParts } from "./issue-batch.ts";
import { issueByLibrary, needsLibrary } from "./library-route.ts";
import { type Prepared, preparing } from "./prepare.ts";
import { templateOf } from "./template.ts";
import { textsOf } from "./texts.ts";
import type { FleetDevice, FleetIssuer, FleetIssuerOptions, FleetRequest } from "./types.ts";

/** What a run needs, made once. */
export interface Compiled {
  parts: IssuingParts;
  prepare: (request: FleetRequest) => Prepared;
  issueHere: (batch: readonly Prepared[]) => FleetDevice[];
}

/**
 * Prepares what all certificates of a profile and an issuer have in common, for issuing them in this
 * thread: P-256 keys without alternative names come out of a template, at tens of thousands a second;
 * everything else is made by the library, as `issueCertificate` makes it.
 *
 * @throws {CaToolsError} `key-mismatch` when the issuer's key is not its certificate's;
 * `outside-validity` when the issuer is not valid now, or for days that are no lifetime
 */
export async function compileFleetIssuer(options: FleetIssuerOptions): Promise<FleetIssuer> {
  const { prepare, issueHere } = await compile(options);
  return {
    issue(request) {
      const prepared = prepare(request);
      if (needsLibrary(prepared, options)) return issueByLibrary(prepared, options);
      return issueHere([prepared])[0] as FleetDevice;
    },
  };
}

/** @throws {CaToolsError} as {@link compileFleetIssuer} */
export async function compile(options: FleetIssuerOptions): Promise<Compiled> {
  const { issuer, profile = "device" } = options;
  const prepare = preparing(options);
  const { dates } = prepare({ commonName: "template" });
  const { publicKey } = await generateKeyPair("ec-p256");
  const { der } = await issueCertificate({
    profile,
    subject: { commonName: "template" },
    publicKey,
    issuer,
    notBefore: dates.notBefore,
    notAfter: dates.notAfter,
  });
  const { privateKey } = issuer;
  const { hash } = algorithmDetails(algorithmOf(privateKey));
  const parts = { template: templateOf(der), privateKey, hash };
  const issue = batchIssuer(parts);
  return { parts, prepare, issueHere: (batch) => devicesOf(batch, textsOf(issue(batch))) };
}
