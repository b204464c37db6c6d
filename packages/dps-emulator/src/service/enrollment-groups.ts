import { EnrollmentGroup, idProblem, MAX_GROUPS_OF_A_KIND, sameId } from "@dps-certs/dps-protocol";
import type { Context } from "../context.ts";
import { allowsWrite, nextEtag } from "../etag.ts";
import { readBody } from "../http/body.ts";
import type { ServiceRequest, ServiceResponse } from "../http/message.ts";
import { Refusal } from "../problems.ts";
import type { Reader } from "../store/store.ts";
import { timestamp } from "../time.ts";
import { answerAttestation, readAttestation } from "./attestation.ts";
import { GROUP_PREFIX, getGroup, removeGroup, type StoredGroup, saveGroup } from "./group-store.ts";
import { pageOf, requireSelectAll } from "./paging.ts";

const ALLOCATION_POLICIES: ReadonlySet<string> = new Set(["hashed", "geoLatency", "static"]);

export function getEnrollmentGroup(context: Context, id: string): ServiceResponse {
  return context.store.read((store) => ({ status: 200, body: answer(find(store, id)) }));
}

/** Creates a group, or with If-Match replaces it. Members that the emulator does not know are kept. */
export function putEnrollmentGroup(
  context: Context,
  id: string,
  ifMatch: string | undefined,
  body: Uint8Array,
): ServiceResponse {
  const problem = idProblem(id);
  if (problem !== undefined) {
    throw new Refusal("bad-request", `The enrollment group id is not valid: ${problem}.`);
  }
  const group = readBody(EnrollmentGroup, body, "an enrollment group");
  checkMembers(id, group);
  return context.store.write((store) => {
    const present = getGroup(store, id);
    checkPrecondition(store, present, ifMatch);
    const { attestation, provisioningStatus, ...members } = withoutComputed(group);
    const now = context.now();
    const etag = nextEtag(store, now);
    const stored: StoredGroup = {
      enrollmentGroupId: present?.enrollmentGroupId ?? id,
      incarnation: present?.incarnation ?? etag,
      signing: readAttestation(group, present?.signing),
      etag,
      provisioningStatus: provisioningStatus === undefined ? "enabled" : provisioningStatus,
      createdDateTimeUtc: present?.createdDateTimeUtc ?? timestamp(now),
      lastUpdatedDateTimeUtc: timestamp(now),
      members: Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null)),
    };
    saveGroup(store, stored);
    return { status: 200, body: answer(stored) };
  });
}

export function deleteEnrollmentGroup(
  context: Context,
  id: string,
  ifMatch: string | undefined,
): ServiceResponse {
  return context.store.write((store) => {
    const { etag } = find(store, id);
    if (ifMatch !== undefined && !allowsWrite(ifMatch, etag)) throw new Refusal("etag-refused");
    removeGroup(store, id);
    return { status: 204 };
  });
}

export function queryEnrollmentGroups(context: Context, request: ServiceRequest): ServiceResponse {
  requireSelectAll(request.body);
  return context.store.read((store) =>
    pageOf({
      store,
      prefix: GROUP_PREFIX,
      headers: request.headers,
      itemType: "EnrollmentGroup",
      answer: (value) => answer(value as StoredGroup),
    }),
  );
}

function find(store: Reader, id: string): StoredGroup {
  const group = idProblem(id) === undefined ? getGroup(store, id) : undefined;
  if (group === undefined) throw new Refusal("no-group");
  return group;
}

function checkMembers(id: string, group: EnrollmentGroup): void {
  if (!sameId(group.enrollmentGroupId, id)) {
    throw new Refusal("bad-request", "enrollmentGroupId is not the id in the path.");
  }
  const { allocationPolicy, iotHubs } = group;
  if (iotHubs?.length && !allocationPolicy) throw new Refusal("hubs-without-policy");
  if (allocationPolicy && !ALLOCATION_POLICIES.has(allocationPolicy)) {
    throw new Refusal(
      "bad-request",
      'allocationPolicy is none of "hashed", "geoLatency" and "static"; ' +
        "the emulator runs no custom allocation.",
    );
  }
}

/** A PUT without If-Match only creates; with one it only replaces. */
function checkPrecondition(
  store: Reader,
  present: StoredGroup | undefined,
  ifMatch: string | undefined,
): void {
  if (present === undefined) {
    if (ifMatch !== undefined) throw new Refusal("etag-refused");
    if (store.list(GROUP_PREFIX).length < MAX_GROUPS_OF_A_KIND) return;
    const limit = `The service holds ${MAX_GROUPS_OF_A_KIND} X.509 enrollment groups already.`;
    throw new Refusal("bad-request", limit);
  }
  if (ifMatch === undefined) throw new Refusal("group-exists");
  if (!allowsWrite(ifMatch, present.etag)) throw new Refusal("etag-refused");
}

function withoutComputed(group: EnrollmentGroup) {
  const {
    enrollmentGroupId: _id,
    etag: _etag,
    createdDateTimeUtc: _created,
    lastUpdatedDateTimeUtc: _updated,
    ...rest
  } = group;
  return rest;
}

/** The members in the order in which the service writes them. */
function answer(group: StoredGroup): Record<string, unknown> {
  const { capabilities, iotHubHostName, initialTwin, reprovisionPolicy, ...others } = group.members;
  const { allocationPolicy, iotHubs, customAllocationDefinition, ...unknown } = others;
  return {
    enrollmentGroupId: group.enrollmentGroupId,
    attestation: answerAttestation(group.signing),
    capabilities,
    iotHubHostName,
    initialTwin,
    etag: group.etag,
    provisioningStatus: group.provisioningStatus,
    reprovisionPolicy,
    createdDateTimeUtc: group.createdDateTimeUtc,
    lastUpdatedDateTimeUtc: group.lastUpdatedDateTimeUtc,
    allocationPolicy,
    iotHubs,
    customAllocationDefinition,
    ...unknown,
  };
}
