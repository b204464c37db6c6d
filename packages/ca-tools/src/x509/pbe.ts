import type { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { decrypt } from "./pbe-cipher.ts";
import type { PasswordBytes } from "./pbe-password.ts";
import { PBES2, pbes2KeyDerivation, type Refuse, required, unread } from "./pbe-pbes2.ts";
import { pkcs12KeyDerivation } from "./pbe-pkcs12.ts";

/** @returns undefined when the password is another one, or the bytes are damaged. A secret. */
export type Decryptor = (
  encrypted: Uint8Array,
  password: PasswordBytes,
) => Promise<Buffer | undefined>;

/**
 * What undoes password-based encryption by this algorithm: PBES2 or a scheme of PKCS #12. All
 * bounds on the work that the parameters ask for are checked here, before a password is needed.
 *
 * @param refuse - makes the error for an algorithm that is not read
 * @throws whatever `refuse` makes; any other error means that the structure is damaged
 */
export function decryptor(algorithm: AlgorithmIdentifier, refuse: Refuse): Decryptor {
  const { algorithm: oid } = algorithm;
  const derive =
    oid === PBES2
      ? pbes2KeyDerivation(required(algorithm), refuse)
      : pkcs12KeyDerivation(oid, algorithm.parameters ?? new ArrayBuffer(0), refuse);
  if (derive === undefined) throw refuse(unread(oid));
  return async (encrypted, password) => {
    const cipherKey = await derive(password);
    try {
      return await decrypt(cipherKey, encrypted);
    } finally {
      cipherKey.key.fill(0);
    }
  };
}
