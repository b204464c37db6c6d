/**
 * What services of Azure were recorded to answer, for `startPlayback`. Bodies, headers and etags are
 * the recorded ones; the recorders had put `0000…`, `dps000002`, `fake-resource` and the like in the
 * place of names, and `thumbprint`, `primaryKey` and the like in the place of values, for which real
 * ones stand here.
 */
import { readFileSync } from "node:fs";

/** The uploaded CA and the verification certificate of 3 May 2022, as base64 of PEM with CRLF. */
export const CERTIFICATES: { source: string; ca: string; verification: string } = JSON.parse(
  readFileSync(new URL("recorded-certificates.json", import.meta.url), "utf8"),
) as { source: string; ca: string; verification: string };

export const pemOf = (field: string): string => Buffer.from(field, "base64").toString();

type Headers = Readonly<Record<string, string>>;

const SECURE = { "strict-transport-security": "max-age=31536000; includeSubDomains" };
const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };

/** Of Azure Resource Manager: lower case in Azure CLI's recordings. */
export const MANAGEMENT_HEADERS: Headers = {
  "cache-control": "no-cache",
  ...JSON_TYPE,
  date: "Tue, 03 May 2022 17:50:02 GMT",
  expires: "-1",
  pragma: "no-cache",
  server: "Microsoft-HTTPAPI/2.0",
  ...SECURE,
  vary: "Accept-Encoding",
  "x-content-type-options": "nosniff",
  "x-ms-ratelimit-remaining-subscription-writes": "1199",
};

const { "content-type": _, ...WITHOUT_TYPE } = MANAGEMENT_HEADERS;
/** Of a deletion: no type. */
export const DELETED_HEADERS: Headers = { ...WITHOUT_TYPE, "content-length": "0" };

/** Of the service data plane, in its own case. */
export const DATA_HEADERS: Headers = {
  "Content-Type": "application/json; charset=utf-8",
  Date: "Fri, 19 May 2023 23:10:35 GMT",
  "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
};

/** Of a deletion in the data plane: 204, no type, no length. */
export const GONE: { status: number; headers: Headers } = {
  status: 204,
  headers: {
    Date: "Fri, 19 May 2023 23:10:35 GMT",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
  },
};

/** Of a query in the data plane. */
export const queryHeaders = (itemType: string, continuation?: string): Headers => ({
  ...DATA_HEADERS,
  "X-Content-Type-Options": "nosniff",
  "x-ms-item-type": itemType,
  ...(continuation === undefined ? {} : { "x-ms-continuation": continuation }),
});

/** JSON as the service printed it for old api-versions. */
export const printed = (body: unknown): string =>
  JSON.stringify(body, null, 2).replaceAll("\n", "\r\n");
