import { X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { readAtMost } from "@dps-certs/ca-tools";
import type { Reporter } from "../../output/reporter.ts";
import { plural } from "../../output/text.ts";
import { RowProblem } from "./columns.ts";

/** A certificate has one or two KiB. */
const MAX_BYTES = 64 * 1024;
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * One certificate, as PEM and without what else stands in its file.
 *
 * @param given - PEM, or a file with PEM or DER, seen from `folder`
 * @throws {RowProblem} which quotes nothing but the file's name
 */
export async function readImportedCertificate(
  folder: string,
  given: string,
): Promise<X509Certificate> {
  if (given.includes("-----BEGIN ")) return onlyOne(given, "the text");
  if (/\p{Cc}/u.test(given))
    throw new RowProblem("the certificate is neither PEM nor a file's name");
  const refuse = (problem: string) => new RowProblem(`${given} ${problem}`);
  const bytes = await readAtMost(resolve(folder, given), MAX_BYTES, { refuse }).catch(
    (error: Error) => {
      throw error instanceof RowProblem ? error : new RowProblem(error.message);
    },
  );
  const text = bytes.toString("latin1");
  return text.includes("-----BEGIN ") ? onlyOne(text, given) : parse(bytes, given);
}

function onlyOne(text: string, where: string): X509Certificate {
  const [block, ...others] = text.match(BLOCK) ?? [];
  if (block !== undefined && others.length === 0) return parse(block, where);
  const count = block === undefined ? "no certificate" : `${others.length + 1} certificates`;
  throw new RowProblem(`${where} holds ${count}, not one`);
}

function parse(input: string | Uint8Array, where: string): X509Certificate {
  try {
    return new X509Certificate(input);
  } catch (cause) {
    throw new RowProblem(`there is no certificate that can be read in ${where}`, { cause });
  }
}

/** What of many certificates would keep their devices from registering. */
export interface Doubts {
  /** @param id - registration id of the device */
  look: (id: string, certificate: X509Certificate) => void;
  warn: (report: Pick<Reporter, "warn">) => void;
}

const KINDS = {
  name: "have another common name than the registration id, and the service refuses the device",
  ca: "are those of a CA, not of a device",
  expired: "have expired",
} as const;

/** Counted, not listed: of a hundred thousand rows all may have the same fault. */
export function createDoubts(now: Date): Doubts {
  const counts = new Map<keyof typeof KINDS, { count: number; first: string }>();
  const add = (kind: keyof typeof KINDS, id: string) => {
    const { count, first } = counts.get(kind) ?? { count: 0, first: id };
    counts.set(kind, { count: count + 1, first });
  };
  return {
    look: (id, { subject, ca, validTo }) => {
      if (/^CN=(.*)$/m.exec(subject)?.[1] !== id) add("name", id);
      if (ca) add("ca", id);
      if (Date.parse(validTo) < now.getTime()) add("expired", id);
    },
    warn: (report) => {
      for (const [kind, { count, first }] of counts) {
        report.warn(
          `${plural(count, "certificate")} ${KINDS[kind]}; the first is that of ${first}`,
        );
      }
    },
  };
}
