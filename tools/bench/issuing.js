/**
 * How fast devices are issued in memory.
 *
 * @import { Measurement } from "./whole.js"
 */
import { createECDH, sign } from "node:crypto";
import {
  compileFleetIssuer,
  exportPrivateKeyPem,
  generateKeyPair,
  issueCertificate,
  issueFleet,
} from "../../packages/ca-tools/dist/index.js";
import { takeTurns } from "./rounds.js";

const now = new Date();
const DATES = {
  notBefore: new Date(now.getTime() - 3_600_000),
  notAfter: new Date(now.getTime() + 365 * 86_400_000),
};

/** A root CA with a P-256 key. */
export async function makeIssuer() {
  const { publicKey, privateKey } = await generateKeyPair();
  const certificate = await issueCertificate({
    profile: "root",
    subject: { commonName: "Benchmark Root CA" },
    publicKey,
    issuer: { selfSigned: privateKey },
    ...DATES,
  });
  return { certificate, privateKey };
}

/** @typedef {Awaited<ReturnType<typeof makeIssuer>>} Issuer */

/** @param {number} count */
function* requests(count) {
  for (let index = 0; index < count; index++) yield { commonName: `device-${index}` };
}

/** Of so much work since then, a second. @param {number} count @param {number} since */
const rate = (count, since) => (count / (performance.now() - since)) * 1000;

/**
 * One thread: the bare limit (an ECDH key and a signature, nothing else), the template, and the
 * general route. Slices of a few milliseconds take turns.
 *
 * @param {Issuer} issuer @param {number} rounds
 * @returns {Promise<Measurement>}
 */
export async function measureOneThread(issuer, rounds) {
  const { issue } = await compileFleetIssuer({ issuer, now });
  const ecdh = createECDH("prime256v1");
  const signed = Buffer.alloc(340, 1);
  const slice = 60;
  const keep = new Array(slice);
  const rates = await takeTurns(rounds, {
    "bare limit": () => {
      const since = performance.now();
      for (let index = 0; index < slice; index++) {
        ecdh.generateKeys();
        sign("sha256", signed, issuer.privateKey);
      }
      return rate(slice, since);
    },
    template: () => {
      const since = performance.now();
      for (let index = 0; index < slice; index++) {
        keep[index] = issue({ commonName: `device-${index}` });
      }
      return rate(slice, since);
    },
    "general route": async () => {
      const since = performance.now();
      await issueGenerally(issuer, "device-1");
      return rate(1, since);
    },
  });
  return { unit: "devices/s", rounds: rates };
}

/** Key and certificate as PEM. @param {Issuer} issuer @param {string} commonName */
async function issueGenerally(issuer, commonName) {
  const { publicKey, privateKey } = await generateKeyPair();
  const certificate = await issueCertificate({
    profile: "device",
    subject: { commonName },
    publicKey,
    issuer,
    ...DATES,
  });
  return { certificate: certificate.pem, privateKey: exportPrivateKeyPem(privateKey) };
}

/**
 * Two workers and one, in devices a second once they run.
 *
 * @param {Issuer} issuer @param {number} rounds @param {number} count - devices a round
 * @returns {Promise<Measurement>}
 */
export async function measureWorkers(issuer, rounds, count) {
  const rates = await takeTurns(rounds, {
    "one worker": () => steadyRate(issuer, 1, count),
    "two workers": () => steadyRate(issuer, 2, 2 * count),
  });
  return { unit: "devices/s", rounds: rates };
}

/** Devices that are issued before the workers have all started. */
const START = 10_000;

/**
 * In devices a second, without the start of the workers.
 *
 * @param {Issuer} issuer @param {number} workers @param {number} count
 */
export async function steadyRate(issuer, workers, count) {
  let issued = 0;
  let since = 0;
  for await (const batch of issueFleet(requests(START + count), { issuer, now, workers })) {
    issued += batch.length;
    if (since === 0 && issued >= START) [since, issued] = [performance.now(), 0];
  }
  return rate(issued, since);
}
