import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ConnectionOptions, connect, createServer, type TLSSocket } from "node:tls";
import { exportPrivateKeyPem } from "@dps-certs/ca-tools";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Identity, issue, rootCa } from "../testing/pki.ts";
import { makeWorld } from "../testing/world.ts";
import { capturePeer, type Peer } from "./peer.ts";

const pem = (identity: Identity) => ({
  key: exportPrivateKeyPem(identity.privateKey),
  cert: identity.certificate.pem,
});

describe("the peer of a TLS connection", () => {
  let root: Identity;
  let one: Identity;
  let two: Identity;
  let leaf: Identity;
  const peers: { peer: Peer | undefined; resumed: boolean }[] = [];
  let close: () => void;
  let open: (options: ConnectionOptions) => Promise<Buffer | undefined>;

  /** A server with session tickets: what ours would be if it did not turn them off. */
  beforeAll(async () => {
    root = await rootCa("Root");
    one = await issue("intermediate", "One", root);
    two = await issue("intermediate", "Two", one);
    leaf = await issue("device", "dev-1", two);
    const options = { ...pem(await issue("server", "localhost", root)), requestCert: true };
    const server = createServer({ ...options, rejectUnauthorized: false }, (socket) => {
      peers.push({ peer: capturePeer(socket), resumed: socket.isSessionReused() });
      socket.on("error", () => undefined);
      socket.end("x");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    close = () => server.close();
    open = async (wanted) => {
      const socket: TLSSocket = connect({
        host: "127.0.0.1",
        port,
        ca: root.certificate.pem,
        checkServerIdentity: () => undefined,
        ...wanted,
      });
      let session: Buffer | undefined;
      socket.on("session", (ticket) => {
        session = ticket;
      });
      socket.resume();
      await once(socket, "close");
      return session;
    };
  });
  afterAll(() => close());

  const ders = (...all: Identity[]) =>
    all.map(({ certificate }) => Buffer.from(certificate.der).toString("base64"));
  const last = () => {
    const { peer, resumed } = peers.at(-1) ?? { peer: undefined, resumed: false };
    const base64 = (der: Uint8Array) => Buffer.from(der).toString("base64");
    return { resumed, leaf: peer && base64(peer.leaf), presented: peer?.presented.map(base64) };
  };
  const chain = (...all: Identity[]) => ({
    ...pem(leaf),
    cert: [leaf, ...all].map(({ certificate }) => certificate.pem).join(""),
  });

  it("is its leaf and every certificate that came with it", async () => {
    await open(chain(two, one, root));
    expect(last()).toEqual({
      resumed: false,
      leaf: ders(leaf)[0],
      presented: ders(two, one, root),
    });
    await open(chain());
    expect(last().presented).toEqual([]);
  });

  it("is not cut short by a certificate that comes twice", async () => {
    // What `openssl s_client -cert leaf -cert_chain full-chain` sends.
    await open(chain(leaf, two, two, one));
    expect(last()).toMatchObject({ leaf: ders(leaf)[0], presented: ders(two, one) });
  });

  it("is none without a certificate", async () => {
    await open({});
    expect(last().leaf).toBe(undefined);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "is none on a resumed session of %s, which has the leaf without its chain",
    async (version) => {
      const options = { ...chain(two, one), minVersion: version, maxVersion: version };
      const session = await open(options);
      await open({ ...options, ...(session ? { session } : {}) });
      expect(last()).toEqual({ resumed: true, leaf: undefined, presented: undefined });
      const world = makeWorld();
      await world.upload("root", root, { verified: true });
      await world.group("on-root", root);
      const answer = await world.register("dev-1", peers.at(-1)?.peer);
      expect([answer.status, answer.body.message]).toEqual([401, "Unauthorized"]);
    },
  );

  it("ends where a chain of issuers runs in a circle, or on for ever", () => {
    const link = (n: number): object => ({
      raw: Buffer.from([n % 256]),
      fingerprint256: `${n % 40}`,
      get issuerCertificate() {
        return link(n + 1);
      },
    });
    const socket = { isSessionReused: () => false, getPeerX509Certificate: () => link(0) };
    expect(capturePeer(socket as never)?.presented).toHaveLength(10);
    const own = { raw: Buffer.from([1]), fingerprint256: "1", issuerCertificate: {} };
    own.issuerCertificate = own;
    const selfSigned = { isSessionReused: () => false, getPeerX509Certificate: () => own };
    expect(capturePeer(selfSigned as never)?.presented).toEqual([]);
  });
});
