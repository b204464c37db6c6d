import type { CertificatesClient } from "@dps-certs/dps-client";

/** What commands do with certificates in the service. */
export type Certificates = Pick<
  CertificatesClient,
  | "delete"
  | "find"
  | "generateVerificationCode"
  | "get"
  | "list"
  | "provePossession"
  | "upload"
  | "verify"
>;

/**
 * Certificates that are looked for when the first call needs them: whoever has a connection string
 * alone can do all else without them.
 *
 * @param open - gives the client, or says why there is none
 */
export function lazyCertificates(open: () => Promise<Certificates>): Certificates {
  return {
    delete: async (...given) => await (await open()).delete(...given),
    find: async (...given) => await (await open()).find(...given),
    generateVerificationCode: async (...given) =>
      await (await open()).generateVerificationCode(...given),
    get: async (...given) => await (await open()).get(...given),
    list: async (...given) => await (await open()).list(...given),
    provePossession: async (...given) => await (await open()).provePossession(...given),
    upload: async (...given) => await (await open()).upload(...given),
    verify: async (...given) => await (await open()).verify(...given),
  };
}
