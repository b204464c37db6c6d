/** Members of request bodies whose text is a secret, or identifies a device as one does. */
const SECRET = /^(primaryKey|secondaryKey|sharedAccessKey|endorsementKey|storageRootKey)$/i;

/** A webhook's URL carries its key in the query. */
function queryValues(url: string): string[] {
  return URL.canParse(url) ? [...new URL(url).searchParams.values()] : [];
}

/** The secrets that a request body holds, wherever in it they are. */
export function bodySecrets(body: unknown): string[] {
  if (typeof body !== "object" || body === null) return [];
  return Object.entries(body).flatMap(([name, value]) => {
    if (typeof value !== "string") return bodySecrets(value);
    if (name === "webhookUrl") return queryValues(value);
    return SECRET.test(name) ? [value] : [];
  });
}
