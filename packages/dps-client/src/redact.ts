const LONGEST = 1000;
/** What is looked at to fill that much. */
const LONGEST_READ = 10 * LONGEST;
/** A secret that was cut short is found by any piece of it, if that much of it is left. */
const PIECE = 12;
/** What is shorter is no secret, and taking it out would take words apart. */
const SHORTEST = 4;

const SECRETS: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[key]"],
  [/SharedAccessSignature\s+\S+/gi, "SharedAccessSignature [token]"],
  [/Bearer\s+[\w.~+/=-]+/gi, "Bearer [token]"],
  [
    /\b(sig|SharedAccessKey|primaryKey|secondaryKey|authenticationKey|client_secret|access_token)(["']?\s*[=:]\s*["']?)[\w.~%+/=-]+/gi,
    "$1$2[key]",
  ],
];

/** The forms in which the other side may write a secret: as it is, in a URL, in JSON. */
function forms(secret: string): string[] {
  return [secret, encodeURIComponent(secret), secret.replaceAll("/", "\\/")];
}

/** `text` without what is left of `secret` where it was cut short. */
function withoutPieces(text: string, secret: string): string {
  const places = Array.from({ length: Math.max(0, secret.length - PIECE + 1) }, (_, at) => at);
  const pieces = new Set(places.map((at) => secret.slice(at, at + PIECE)));
  let clean = "";
  let from = 0;
  while (from < text.length) {
    let end = from;
    while (pieces.has(text.slice(end, end + PIECE))) end++;
    const found = end > from;
    clean += found ? "[secret]" : text[from];
    // The last piece that was found begins at end - 1.
    from = found ? end - 1 + PIECE : from + 1;
  }
  return clean;
}

/**
 * Makes one printable line of what another party wrote: without the given secrets and without
 * anything that looks like one, without control characters (a terminal obeys them), and at most
 * 1,000 characters long.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text.slice(0, LONGEST_READ);
  const known = secrets.filter(({ length }) => length >= SHORTEST).flatMap(forms);
  for (const secret of known) clean = clean.replaceAll(secret, "[secret]");
  for (const secret of known) clean = withoutPieces(clean, secret);
  for (const [pattern, put] of SECRETS) clean = clean.replace(pattern, put);
  clean = clean.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}

/**
 * What is kept of a foreign error as a cause: its name, its code and its message. Others of its
 * members may hold what was sent or answered: undici's carry bytes of the answer.
 */
export function plainError(error: unknown, secrets: readonly string[] = []): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  const plain = new Error(redact(error.message, secrets));
  plain.name = error.name;
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? Object.assign(plain, { code }) : plain;
}
