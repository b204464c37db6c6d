import { CaToolsError, type CaToolsErrorCode } from "../errors.ts";

interface Subject {
  file?: string | undefined;
  remedy?: string | undefined;
}

function keyError(
  code: CaToolsErrorCode,
  problem: string,
  file: string | undefined,
  more: { hint: string; cause?: unknown },
): CaToolsError {
  const named = file === undefined ? {} : { file };
  return new CaToolsError(code, `${file ?? "the key"} ${problem}`, { ...named, ...more });
}

export function passwordRequired(file: string | undefined): CaToolsError {
  return keyError("password-required", "is encrypted, and no password was given", file, {
    hint: "give the password that it was encrypted with",
  });
}

export function wrongPassword({ file, remedy = "it from a copy" }: Subject): CaToolsError {
  return keyError("wrong-password", "is not opened by the password", file, {
    hint: `give the password that it was encrypted with; if this is it, restore ${remedy}`,
  });
}

export function invalidKey(
  { file, remedy = "it from a copy" }: Subject,
  cause?: unknown,
): CaToolsError {
  return keyError("invalid-key", "is not a private key in PEM or DER form", file, {
    cause,
    hint: `restore ${remedy}`,
  });
}

const REENCRYPT = "encrypt a copy anew with: openssl pkcs8 -topk8 -v2 aes-256-cbc";

/** @param problem - ends a sentence about the key */
export function unsupportedKey(
  problem: string,
  { file }: Subject,
  hint: string = REENCRYPT,
): CaToolsError {
  return keyError("unsupported-key", problem, file, { hint });
}

export function foreignEncryption(method: string, subject: Subject): CaToolsError {
  return unsupportedKey(`is encrypted by a method that is not read (${method})`, subject);
}
