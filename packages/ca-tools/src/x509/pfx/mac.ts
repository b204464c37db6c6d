import { createHmac, timingSafeEqual } from "node:crypto";
import { OctetString } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import type { PasswordBytes } from "../pbe-password.ts";
import { boundedRounds, octets, type Refuse } from "../pbe-pbes2.ts";
import { derivePkcs12, MAX_PKCS12_ROUNDS } from "../pbe-pkcs12.ts";
import { DigestInfo, MacData } from "./schema.ts";

const HASHES = {
  "1.3.14.3.2.26": { hash: "sha1", bytes: 20 },
  "2.16.840.1.101.3.4.2.4": { hash: "sha224", bytes: 28 },
  "2.16.840.1.101.3.4.2.1": { hash: "sha256", bytes: 32 },
  "2.16.840.1.101.3.4.2.2": { hash: "sha384", bytes: 48 },
  "2.16.840.1.101.3.4.2.3": { hash: "sha512", bytes: 64 },
} as const;

type HashOid = keyof typeof HASHES;
export type MacHash = "sha1" | "sha256";

interface MacParameters {
  oid: HashOid;
  salt: Uint8Array;
  rounds: number;
}

/** HMAC with a key derived from the password (RFC 7292 §4 and appendix B.4). */
async function macOf(
  content: Uint8Array,
  password: PasswordBytes,
  { oid, salt, rounds }: MacParameters,
): Promise<Buffer> {
  const { hash, bytes } = HASHES[oid];
  const input = { hash, purpose: "mac", password: password.bmp, salt, rounds } as const;
  const key = await derivePkcs12({ ...input, size: bytes });
  const mac = createHmac(hash, key).update(content).digest();
  key.fill(0);
  return mac;
}

export type MacCheck = (password: PasswordBytes) => Promise<boolean>;

/**
 * Whether a password fits the MAC of a PFX.
 *
 * @throws whatever `refuse` makes, for a MAC of another kind or with too many rounds
 */
export function macCheck(content: Uint8Array, macData: MacData, refuse: Refuse): MacCheck {
  const { algorithm } = macData.mac.algorithm;
  if (!(algorithm in HASHES)) throw refuse(`has a MAC of a kind that is not read (${algorithm})`);
  const rounds = boundedRounds(macData.rounds, MAX_PKCS12_ROUNDS, refuse);
  const parameters = { oid: algorithm as HashOid, salt: octets(macData.salt), rounds };
  const expected = octets(macData.mac.digest);
  return async (password) => {
    const mac = await macOf(content, password, parameters);
    return mac.length === expected.length && timingSafeEqual(mac, expected);
  };
}

/** The MAC of a PFX that is being written. */
export async function makeMac(
  content: Uint8Array,
  password: PasswordBytes,
  { hash, salt, rounds }: { hash: MacHash; salt: Uint8Array; rounds: number },
): Promise<MacData> {
  const oid = hash === "sha1" ? "1.3.14.3.2.26" : "2.16.840.1.101.3.4.2.1";
  const made = new MacData();
  made.mac = new DigestInfo();
  made.mac.algorithm = new AlgorithmIdentifier({ algorithm: oid, parameters: null });
  made.mac.digest = new OctetString(await macOf(content, password, { oid, salt, rounds }));
  made.salt = new OctetString(salt);
  made.rounds = rounds;
  return made;
}
