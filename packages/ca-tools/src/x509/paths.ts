import type { Certificate } from "./certificate.ts";

/** Longest path that is looked for, leaf and trust anchor included. */
export const MAX_PATH_LENGTH = 10;

/** Signatures tried for one leaf: bounds the work that a hostile chain can ask for. */
const MAX_SIGNATURES = 64;

/** Whether `issuer` signed `subject`: its name is the issuer's name, and its key verifies. */
export function isIssuedBy(subject: Certificate, issuer: Certificate): boolean {
  return subject.issuerKey === issuer.subjectKey && verifies(subject, issuer);
}

/** Other programs read no larger one either; OpenSSL does, and works for milliseconds on each signature. */
const MAX_RSA_EXPONENT = 2n ** 32n;

function verifies(subject: Certificate, issuer: Certificate): boolean {
  try {
    const { publicKey } = issuer.x509;
    const isRsa = publicKey.asymmetricKeyType?.startsWith("rsa");
    const { publicExponent = 0n } = isRsa ? (publicKey.asymmetricKeyDetails ?? {}) : {};
    return publicExponent <= MAX_RSA_EXPONENT && subject.x509.verify(publicKey);
  } catch {
    // The key is of another kind than the signature, or of one that OpenSSL does not know.
    return false;
  }
}

/**
 * Finds the certification paths of a leaf (RFC 5280 §6.1 leaves the search to the implementation):
 * each is leaf first and goes as far up as issuers are found. A path says only who signed whom;
 * `validatePath` says whether they were allowed to.
 *
 * Anchors are tried before presented certificates, so the most trusted path comes first. The search
 * is free of loops and bounded in length and in signatures tried.
 *
 * @param presented - certificates that came with the leaf, in any order
 * @param anchors - certificates known beforehand
 */
export function* findPaths(input: {
  leaf: Certificate;
  presented: readonly Certificate[];
  anchors: readonly Certificate[];
}): Generator<Certificate[], void, undefined> {
  const candidates = [...input.anchors, ...input.presented];
  const budget = { signatures: MAX_SIGNATURES };
  yield* extend([input.leaf], candidates, budget);
}

function* extend(
  path: readonly Certificate[],
  candidates: readonly Certificate[],
  budget: { signatures: number },
): Generator<Certificate[], void, undefined> {
  const tip = path.at(-1);
  const seen = new Set(path.map(({ sha256 }) => sha256));
  let extended = false;
  for (const candidate of path.length < MAX_PATH_LENGTH ? candidates : []) {
    if (tip === undefined || tip.issuerKey !== candidate.subjectKey) continue;
    if (seen.has(candidate.sha256)) continue;
    seen.add(candidate.sha256);
    budget.signatures -= 1;
    if (budget.signatures < 0) return;
    if (!isIssuedBy(tip, candidate)) continue;
    extended = true;
    yield* extend([...path, candidate], candidates, budget);
  }
  if (!extended) yield [...path];
}
