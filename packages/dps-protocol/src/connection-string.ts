/** `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…`: a service's address with a policy's key. */
export interface ServiceConnectionString {
  /** Host, with `:port` where it is not 443. */
  hostName: string;
  sharedAccessKeyName: string;
  /** Base64. A secret. */
  sharedAccessKey: string;
}

/** A connection string that cannot be used; the message never quotes it. */
export class ConnectionStringError extends Error {
  override readonly name = "ConnectionStringError";
}

const BASE64 =
  /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^[A-Za-z0-9+/]{2,3}={1,2}$/;
const HOST = /^[A-Za-z0-9.-]+(?::\d{1,5})?$|^\[[0-9A-Fa-f:]+\](?::\d{1,5})?$/;

/**
 * Reads a service connection string: keys in any order and any case, white space around it ignored.
 *
 * @throws {ConnectionStringError} naming the member that is missing or wrong
 */
export function parseConnectionString(text: string): ServiceConnectionString {
  const members = new Map<string, string>();
  for (const part of text.trim().split(";")) {
    const at = part.indexOf("=");
    if (part === "") continue;
    if (at < 1)
      throw new ConnectionStringError("a part of the connection string is not Name=value");
    const name = part.slice(0, at).trim().toLowerCase();
    if (members.has(name)) {
      throw new ConnectionStringError(`the connection string says ${part.slice(0, at)} twice`);
    }
    members.set(name, part.slice(at + 1).trim());
  }
  const member = (name: string, pattern: RegExp, form: string) => {
    const value = members.get(name.toLowerCase());
    if (value === undefined || value === "") {
      throw new ConnectionStringError(`the connection string has no ${name}`);
    }
    if (!pattern.test(value)) {
      throw new ConnectionStringError(`${name} in the connection string is not ${form}`);
    }
    return value;
  };
  return {
    hostName: member("HostName", HOST, "a host name"),
    sharedAccessKeyName: member("SharedAccessKeyName", /^[^\s&]+$/, "a policy's name"),
    sharedAccessKey: member("SharedAccessKey", BASE64, "base64"),
  };
}

export function formatConnectionString(value: ServiceConnectionString): string {
  return (
    `HostName=${value.hostName};SharedAccessKeyName=${value.sharedAccessKeyName};` +
    `SharedAccessKey=${value.sharedAccessKey}`
  );
}
