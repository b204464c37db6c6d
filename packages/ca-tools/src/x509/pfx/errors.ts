import { CaToolsError } from "../../errors.ts";

type PfxErrorCode = "invalid-pfx" | "password-required" | "wrong-password";

function pfxError(
  code: PfxErrorCode,
  file: string | undefined,
  problem: string,
  more: { hint: string; cause?: unknown },
): CaToolsError {
  const named = file === undefined ? {} : { file };
  return new CaToolsError(code, `${file ?? "the PFX"} ${problem}`, { ...named, ...more });
}

export function invalidPfx(file: string | undefined, problem: string): CaToolsError {
  return pfxError("invalid-pfx", file, problem, {
    hint: "export it anew from where it came from, or restore it from a copy",
  });
}

export function passwordRequired(file: string | undefined): CaToolsError {
  return pfxError("password-required", file, "is encrypted, and no password was given", {
    hint: "give the password that it was made with",
  });
}

export function wrongPassword(file: string | undefined): CaToolsError {
  return pfxError("wrong-password", file, "is not opened by the password", {
    hint: "give the password that it was made with; if this is it, the file is damaged",
  });
}
