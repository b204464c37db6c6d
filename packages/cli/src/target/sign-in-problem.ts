import { printable } from "../output/text.ts";

const LOG_IN =
  "sign in with: az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET";
const MAX_LENGTH = 300;
const GUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;

/** What Entra ID's own refusals are mended by, by their number. */
const BY_CODE: Readonly<Record<string, string>> = {
  "50076": "it asks for a second factor: sign in again with az login",
  "50173": "the sign-in has ended: sign in again with az login",
  "70043": "the sign-in has ended: sign in again with az login",
  "700082": "the sign-in has ended: sign in again with az login",
  "90002": "check AZURE_TENANT_ID",
  "500011": "check --cloud, and which cloud az is set to: az cloud show",
  "700016": "check AZURE_CLIENT_ID and AZURE_TENANT_ID",
  "7000215": "check AZURE_CLIENT_SECRET: it takes the secret's value, not its id",
  "7000222": "AZURE_CLIENT_SECRET has ended: make a new one",
};

const VARIABLE = "mend it, or unset it";

/** What the package says before it asks anybody, and where `az` was ended because it took too long. */
const BY_WORDS: readonly (readonly [words: RegExp, message: string, hint: string])[] = [
  [
    /^Unexpected end of JSON input/,
    "the Azure CLI gave no answer",
    "see what keeps it: az account get-access-token",
  ],
  [/^Invalid tenant id/, "AZURE_TENANT_ID is no tenant's id", VARIABLE],
  [
    /^Invalid value for AZURE_TOKEN_CREDENTIALS/,
    "AZURE_TOKEN_CREDENTIALS names no credential",
    VARIABLE,
  ],
];

/**
 * Why there is no token, in one sentence. The credentials tell a page, one paragraph for each way that
 * was tried; the one that came furthest counts. Ids of tenants and requests are left out.
 */
export function signInProblem(error: unknown): { message: string; hint: string } {
  const tried = leaves(error);
  // Something refused what it was given; the others only had nothing to begin with.
  const refused = tried.find((one) => /AADSTS\d+/.test(one.message));
  if (refused !== undefined) {
    const [, code = "", text = ""] = /AADSTS(\d+):?([\s\S]*)/.exec(refused.message) ?? [];
    return {
      message: `Entra ID refused to sign in: ${tidy(text)} (AADSTS${code})`,
      hint: BY_CODE[code] ?? LOG_IN,
    };
  }
  const failed = tried.find(({ name }) => name === "AuthenticationError");
  if (failed !== undefined) {
    const details = failed.message.split("More details:").at(-1) ?? "";
    return { message: `signing in to Azure failed: ${tidy(details)}`, hint: LOG_IN };
  }
  const known = BY_WORDS.find(([words]) => tried.some(({ message }) => words.test(message)));
  if (known !== undefined) return { message: known[1], hint: known[2] };
  const cli = tried
    .map(({ message }) => message)
    .find((message) => /\baz\b|Azure CLI/.test(message));
  if (cli === undefined) return { message: "nobody is signed in to Azure", hint: LOG_IN };
  if (/could not be found/.test(cli)) {
    return {
      message: "nobody is signed in to Azure, and the Azure CLI is not installed",
      hint: LOG_IN,
    };
  }
  if (/az login'? from a command prompt/.test(cli)) {
    return { message: "nobody is signed in to Azure", hint: LOG_IN };
  }
  return { message: `the Azure CLI gave no token: ${tidy(cli)}`, hint: LOG_IN };
}

/** The errors that a chain of credentials gathered, or the one that there is. */
function leaves(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const { errors } = error as { errors?: unknown };
  return Array.isArray(errors) ? errors.flatMap(leaves) : [error];
}

/** The first line that says something, without ids. */
function tidy(text: string): string {
  const line = text.split(/\r?\n| Trace ID:/).find((one) => printable(one) !== "") ?? "";
  const plain = printable(line.replace(/^ERROR: */, "").replace(GUID, "…"));
  return plain.length > MAX_LENGTH ? `${plain.slice(0, MAX_LENGTH)}…` : plain;
}
