/** The device's own certificate and its private key. */
import type { Certificate } from "@dps-certs/ca-tools";
import type { Found } from "./certificate.ts";
import { nameRules } from "./names.ts";
import type { CheckInput } from "./rules.ts";

/**
 * The device's own certificate: of those that are no CAs the one of the key, else the first. A client
 * sends the first of the file, whatever it is.
 */
export function leafOf({
  certificates,
  keys,
}: Pick<CheckInput, "certificates" | "keys">): Certificate | undefined {
  const leaves = certificates.filter(({ basicConstraints }) => basicConstraints?.ca !== true);
  const eligible = leaves.length > 0 ? leaves : certificates;
  return eligible.find((one) => keys.some((key) => one.x509.checkPrivateKey(key))) ?? eligible[0];
}

/** What is to be said of the device's own certificate as such. */
export function leafRules(leaf: Certificate, input: CheckInput): Found[] {
  const found = [...nameRules(leaf, input.registrationId), ...keyRules([leaf], input)];
  if (leaf.basicConstraints?.ca) {
    const message = `${leaf.subject} is a CA, and used as a device's certificate`;
    found.push({ code: "leaf-is-ca", certificate: leaf, message });
  }
  if (leaf.extendedKeyUsage === undefined) {
    const message = `${leaf.subject} has no extended key usage`;
    found.push({ code: "no-extended-key-usage", certificate: leaf, message });
  }
  return found;
}

/** Whether one of the keys, where there are any, belongs to one of the certificates. */
export function keyRules(owners: readonly Certificate[], { keys }: CheckInput): Found[] {
  if (keys.length === 0) return [];
  if (owners.some(({ x509 }) => keys.some((key) => x509.checkPrivateKey(key)))) return [];
  const [first] = owners;
  if (first === undefined) return [];
  const message = `the private key is not the one of ${owners.map(({ subject }) => subject).join(", ")}`;
  return [{ code: "key-mismatch", certificate: first, message }];
}
