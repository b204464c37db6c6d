import { type Authorize, anonymous, deviceAuthorization } from "./authorization.ts";
import { DpsClientError } from "./errors.ts";
import { deriveDeviceKey } from "./sas.ts";
import type { ClientCertificate } from "./tls-options.ts";

/**
 * How devices prove who they are: one of the three. A TPM is not among them: it must answer a
 * challenge in hardware, which Microsoft's device SDKs are for.
 */
export type DeviceAttestation =
  | {
      /** The device's certificate with its chain, and its key. */
      certificate: ClientCertificate;
      symmetricKey?: undefined;
      groupKey?: undefined;
    }
  | {
      /** The device's own key, base64. A secret. */
      symmetricKey: string;
      certificate?: undefined;
      groupKey?: undefined;
    }
  | {
      /**
       * Key of an enrollment group, base64, from which each device's own is derived. A secret, and
       * one that no device should be given.
       */
      groupKey: string;
      certificate?: undefined;
      symmetricKey?: undefined;
    };

/**
 * The authorization of each device; one value serves a registration with all of its polls.
 *
 * @throws {DpsClientError} `invalid-argument` for none or several attestations, or a key that is not
 *   base64
 */
export function deviceAuthorizer(
  idScope: string,
  { certificate, symmetricKey, groupKey }: DeviceAttestation,
  now: () => number,
): (registrationId: string) => Authorize {
  const given = [certificate, symmetricKey, groupKey].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new DpsClientError(
      "invalid-argument",
      "a device needs one of certificate, symmetricKey and groupKey",
    );
  }
  const keyOf = (id: string) =>
    groupKey === undefined ? symmetricKey : deriveDeviceKey(groupKey, id);
  // A key that cannot be used is refused now, not when the first device registers.
  const probe = keyOf("");
  if (probe === undefined) return () => anonymous;
  deriveDeviceKey(probe, "");
  return (id) => deviceAuthorization(idScope, id, keyOf(id) ?? probe, now);
}
