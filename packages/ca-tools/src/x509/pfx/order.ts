import type { KeyObject } from "node:crypto";
import type { Certificate } from "../certificate.ts";
import { isKeyOf } from "../keys.ts";
import { isIssuedBy, MAX_PATH_LENGTH } from "../paths.ts";

/**
 * The certificate of the key first, then its issuers as far as they are there, then the rest in the
 * order of the file. Each is there once.
 */
export function inChainOrder(
  certificates: readonly Certificate[],
  privateKey: KeyObject | undefined,
): Certificate[] {
  const rest = new Map(certificates.map((each) => [each.sha256, each]));
  const chain: Certificate[] = [];
  let next = privateKey && certificates.find((each) => isKeyOf(privateKey, each));
  // Nobody looks further up: a hostile file has certificate after certificate of one name.
  while (next !== undefined && chain.length < MAX_PATH_LENGTH) {
    chain.push(next);
    rest.delete(next.sha256);
    next = issuerIn(rest.values(), next);
  }
  return [...chain, ...rest.values()];
}

function issuerIn(
  candidates: Iterable<Certificate>,
  subject: Certificate,
): Certificate | undefined {
  for (const candidate of candidates) if (isIssuedBy(subject, candidate)) return candidate;
  return undefined;
}
