import { MIN_WEBHOOK_API_VERSION } from "@dps-certs/dps-protocol";
import { isLoopback } from "../device/loopback.ts";
import { Refusal } from "../problems.ts";
import type { SentRecord } from "./record.ts";

const POLICIES: ReadonlySet<string> = new Set(["hashed", "geoLatency", "static", "custom"]);
const API_VERSION = /^\d{4}-\d{2}-\d{2}(-preview)?$/;

/**
 * Checks how an enrollment wants its devices spread over the hubs.
 *
 * @throws {Refusal} `hubs-without-policy`, `bad-request`
 */
export function checkAllocation({
  allocationPolicy,
  iotHubs,
  customAllocationDefinition,
}: SentRecord): void {
  if (iotHubs?.length && !allocationPolicy) throw new Refusal("hubs-without-policy");
  if (allocationPolicy && !POLICIES.has(allocationPolicy)) {
    throw new Refusal(
      "bad-request",
      'allocationPolicy is none of "hashed", "geoLatency", "static" and "custom".',
    );
  }
  if (allocationPolicy === "custom" && !customAllocationDefinition) {
    const message = 'allocationPolicy "custom" needs a customAllocationDefinition.';
    throw new Refusal("bad-request", message);
  }
  if (customAllocationDefinition) checkWebhook(customAllocationDefinition);
}

function checkWebhook({ webhookUrl, apiVersion }: { webhookUrl: string; apiVersion: string }) {
  if (!isWebhookUrl(webhookUrl)) {
    throw new Refusal(
      "bad-request",
      "customAllocationDefinition.webhookUrl must be an https URL, or an http URL of this machine, " +
        "without a user name or password.",
    );
  }
  if (!API_VERSION.test(apiVersion) || apiVersion < MIN_WEBHOOK_API_VERSION) {
    throw new Refusal(
      "bad-request",
      "customAllocationDefinition.apiVersion must be a version of the form YYYY-MM-DD or " +
        `YYYY-MM-DD-preview, ${MIN_WEBHOOK_API_VERSION}-preview or later.`,
    );
  }
}

function isWebhookUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isOwnHost(url.hostname));
}

/** @param host - as a URL has it, an IPv6 address in brackets */
function isOwnHost(host: string): boolean {
  return host === "localhost" || isLoopback(host.replace(/^\[(.*)\]$/, "$1"));
}
