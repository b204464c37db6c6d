import { createHmac } from "node:crypto";
import { idKey, sameId } from "@dps-certs/dps-protocol";
import { Refusal } from "../problems.ts";
import type { StoredEnrollment } from "../service/enrollment-store.ts";
import { allGroups } from "../service/group-store.ts";
import type { StoredRecord } from "../service/record.ts";
import { isSignedBy, parseSasToken } from "../service/sas.ts";
import type { Reader } from "../store/store.ts";
import type { Enrollment } from "./enrollment.ts";

/** `skn` of a device's token: there is no policy of that name, the key is the device's own. */
const DEVICE_POLICY = "registration";

export interface TokenClaim {
  idScope: string;
  registrationId: string;
  token: string;
  /** The enrollment of this registration id alone, if there is one. */
  individual: StoredEnrollment | undefined;
  now: Date;
}

/**
 * Finds the enrollment whose key signed a device's SAS token: the individual one's own key, or a key
 * derived from a group's. The groups are tried in the order of their ids.
 *
 * @throws {Refusal} `unauthorized`, without saying what was wrong
 */
export function authenticateByKey(store: Reader, claim: TokenClaim): Enrollment {
  const { individual, registrationId, token: text, now } = claim;
  const token = parseSasToken(text);
  if (token === undefined || !["", DEVICE_POLICY].includes(token.skn)) {
    throw new Refusal("unauthorized");
  }
  if (!isAbout(token.sr, claim) || now.getTime() >= Number(token.se) * 1000) {
    throw new Refusal("unauthorized");
  }
  if (individual !== undefined) {
    if (isSignedBy(token, keysOf(individual))) return { kind: "individual", record: individual };
    throw new Refusal("unauthorized");
  }
  const group = allGroups(store).find((one) =>
    isSignedBy(
      token,
      keysOf(one).flatMap((key) => derivedKeys(key, registrationId)),
    ),
  );
  if (group === undefined) throw new Refusal("unauthorized");
  return { kind: "group", record: group };
}

function keysOf({ attestation }: StoredRecord): string[] {
  if (attestation.type !== "symmetricKey") return [];
  return [attestation.primaryKey, attestation.secondaryKey];
}

/** Ids ignore case and a hash does not: as the device writes its id, and as the service looks it up. */
function derivedKeys(groupKey: string, registrationId: string): string[] {
  return [registrationId, idKey(registrationId)].map((id) =>
    createHmac("sha256", Buffer.from(groupKey, "base64")).update(id).digest("base64"),
  );
}

/** Whether `{idScope}/registrations/{registrationId}`, decoded once, is what the token is for. */
function isAbout(sr: string, { idScope, registrationId }: TokenClaim): boolean {
  const [scope = "", registrations = "", id = "", ...more] = decode(sr).split("/");
  return (
    more.length === 0 &&
    scope.toLowerCase() === idScope.toLowerCase() &&
    registrations.toLowerCase() === "registrations" &&
    sameId(id, registrationId)
  );
}

/** "", which is no resource, for what cannot be decoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
