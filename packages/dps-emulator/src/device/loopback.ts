import { type LookupAddress, lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether an IP address is this machine's own (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  // An IPv4 address that is mapped into IPv6 is judged as what it is.
  return LOOPBACK.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** A host that leads away from this machine. */
export class NotLoopbackError extends Error {
  override readonly name = "NotLoopbackError";
}

/**
 * Looks names up, and refuses one that leads elsewhere than to loopback. A connection takes its
 * addresses from here and from nowhere else: there is no second look-up that could say otherwise.
 */
export function loopbackLookup(resolve: LookupFunction = lookup): LookupFunction {
  return (hostName, options, callback) => {
    resolve(hostName, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, "", 0);
      const addresses = found as LookupAddress[];
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isLoopback(address))) {
        return callback(new NotLoopbackError("the host is not loopback"), "", 0);
      }
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
