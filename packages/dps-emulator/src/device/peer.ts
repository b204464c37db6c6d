import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

/** What a TLS client showed of itself in the handshake. */
export interface Peer {
  leaf: Uint8Array;
  /** The certificates that came with the leaf, in any order, none of them checked. */
  presented: Uint8Array[];
}

/** Certificates looked at beside the leaf. */
const MAX_PRESENTED = 10;
/** Steps up the chain that OpenSSL links, repeated certificates counted. */
const MAX_STEPS = 100;

/**
 * Captures the certificates of a TLS client, once a connection. A resumed session carries the leaf
 * alone, so no chain can be judged on it: such a client counts as one without a certificate.
 */
export function capturePeer(
  socket: Pick<TLSSocket, "getPeerX509Certificate" | "isSessionReused">,
): Peer | undefined {
  if (socket.isSessionReused()) return undefined;
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return undefined;
  const presented: Uint8Array[] = [];
  const seen = new Set([leaf.fingerprint256]);
  let next: X509Certificate | undefined = leaf.issuerCertificate;
  for (let step = 0; next !== undefined && step < MAX_STEPS; step += 1) {
    if (presented.length === MAX_PRESENTED) break;
    // Clients repeat certificates, the leaf for one; what follows them counts all the same.
    if (!seen.has(next.fingerprint256)) presented.push(new Uint8Array(next.raw));
    seen.add(next.fingerprint256);
    next = next.issuerCertificate;
  }
  return { leaf: new Uint8Array(leaf.raw), presented };
}
