const LONGEST = 1000;

const SECRETS: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[key]"],
  [/SharedAccessSignature\s+\S+/gi, "SharedAccessSignature [token]"],
  [/Bearer\s+[\w.~+/=-]+/gi, "Bearer [token]"],
  [
    /\b(sig|SharedAccessKey|primaryKey|secondaryKey)(["']?\s*[=:]\s*["']?)[\w%+/=-]+/gi,
    "$1$2[key]",
  ],
];

/**
 * Makes one printable line of what another party wrote: without the given secrets and without
 * anything that looks like one, without control characters (a terminal obeys them), and at most
 * 1,000 characters long.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret !== "") clean = clean.replaceAll(secret, "[token]");
  }
  for (const [pattern, put] of SECRETS) clean = clean.replace(pattern, put);
  clean = clean.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}
