import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { clientError, DpsClientError } from "./errors.ts";

/** What a device shows in the TLS handshake. */
export interface ClientCertificate {
  /** PEM: the leaf first, then every intermediate up to a CA that the service has verified. */
  chainPem: string;
  /** PEM, PKCS#8 or the older forms. A secret. */
  keyPem: string;
  /** Password of the key, if it is encrypted. A secret. */
  passphrase?: string | undefined;
}

export interface TlsOptions {
  ca?: string[];
  cert?: string;
  key?: string;
  passphrase?: string;
  /** Of all these, made once: it takes longer than what is left of a handshake. */
  secureContext?: SecureContext;
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, each checked to be one. */
export function readCertificates(pem: string, what: string): X509Certificate[] {
  const blocks = pem.match(PEM) ?? [];
  if (blocks.length === 0) {
    throw new DpsClientError("invalid-certificate", `${what} holds no PEM certificate`);
  }
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw clientError("invalid-certificate", `${what} holds a damaged certificate`, {
      cause,
    });
  }
}

/**
 * Checks trust anchors and client certificate before any connection is made: node:tls ignores a
 * CA text without certificates, and reports a wrong key only in the handshake.
 *
 * @throws {DpsClientError} `invalid-certificate`
 */
export function tlsOptions(
  ca: string | readonly string[] | undefined,
  client?: ClientCertificate,
): TlsOptions {
  const options: TlsOptions = {};
  if (ca !== undefined) {
    options.ca = (typeof ca === "string" ? [ca] : ca).flatMap((pem) =>
      readCertificates(pem, "ca").map(String),
    );
  }
  if (client === undefined) return options;
  readCertificates(client.chainPem, "the client certificate");
  options.cert = client.chainPem;
  options.key = client.keyPem;
  if (client.passphrase !== undefined) options.passphrase = client.passphrase;
  try {
    options.secureContext = createSecureContext(options);
  } catch (cause) {
    const mismatch = (cause as NodeJS.ErrnoException).code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH";
    throw clientError(
      "invalid-certificate",
      mismatch
        ? "the private key does not belong to the client certificate"
        : "the private key or the client certificate cannot be read",
      { cause },
    );
  }
  return options;
}
