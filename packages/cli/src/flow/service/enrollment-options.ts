/** The options that `group` and `enrollment` have in common, and what they say. */
import type { EnrollmentGroup } from "@dps-certs/dps-protocol";
import type { Args } from "../../args.ts";
import type { Context, OptionSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import type {
  AllocationPolicy,
  EnrollmentSettings,
  GivenAttestation,
  Reprovision,
} from "./enrollment-members.ts";

type Options = Readonly<Record<string, OptionSpec>>;

export const ALLOCATION_POLICIES: readonly AllocationPolicy[] = [
  "hashed",
  "geoLatency",
  "static",
  "custom",
];
export const REPROVISION_POLICIES: readonly Reprovision[] = ["migrate", "reset", "never"];

/** For `create` and `update` of both. */
export const SETTING_OPTIONS: Options = {
  enabled: { describe: "devices may register  [default for a new one]", type: "boolean" },
  disabled: { describe: "no device may register", type: "boolean" },
  "allocation-policy": {
    describe: "how the service chooses among its IoT hubs",
    choices: ALLOCATION_POLICIES,
  },
  "iot-hubs": { describe: "host names of the IoT hubs to choose among, with commas" },
  "webhook-url": { describe: "https URL of the function that chooses, for the policy custom" },
  "webhook-api-version": { describe: "version of what the function is sent" },
  reprovision: {
    describe: "data of a device that registers again: take it along, begin anew, or keep the hub",
    choices: REPROVISION_POLICIES,
  },
  "edge-enabled": { describe: "the devices are IoT Edge devices", type: "boolean" },
  "edge-disabled": { describe: "the devices are none", type: "boolean" },
  "initial-twin": { describe: "first device twin: a JSON file, or the JSON itself" },
};

/** Keys themselves are never arguments. */
export const SYMMETRIC_KEY_OPTIONS: Options = {
  "symmetric-key": { describe: "symmetric keys, drawn by the service", type: "boolean" },
  "primary-key-file": { describe: "file whose first line is the primary symmetric key, in base64" },
  "secondary-key-file": { describe: "file whose first line is the secondary one" },
};

export const CA_REFERENCE_OPTIONS: Options = {
  "ca-reference": { describe: "name of a CA certificate in the service, see: certificate list" },
  "secondary-ca-reference": { describe: "name of a second one" },
};

/**
 * What {@link SETTING_OPTIONS} say.
 *
 * @throws {CliError} `usage`
 */
export async function readSettings(args: Args, { io }: Context): Promise<EnrollmentSettings> {
  const twin = args.text("initial-twin");
  const hubs = args.names("iot-hubs");
  const settings: EnrollmentSettings = {
    provisioningStatus: either(args, "enabled", "disabled"),
    allocationPolicy: oneOf(ALLOCATION_POLICIES, args.text("allocation-policy")),
    iotHubs: hubs.length > 0 ? hubs : undefined,
    webhookUrl: args.text("webhook-url"),
    webhookApiVersion: args.text("webhook-api-version"),
    reprovision: oneOf(REPROVISION_POLICIES, args.text("reprovision")),
    edgeEnabled: flagPair(args, "edge-enabled", "edge-disabled"),
    initialTwin: undefined,
  };
  const { allocationPolicy, webhookUrl, webhookApiVersion } = settings;
  const hook = webhookUrl === undefined ? "webhook-api-version" : "webhook-url";
  const hasHook = webhookUrl !== undefined || webhookApiVersion !== undefined;
  if (hasHook && allocationPolicy !== undefined && allocationPolicy !== "custom") {
    throw usageError(`--${hook} goes with --allocation-policy custom, not ${allocationPolicy}`);
  }
  if (twin === undefined) return settings;
  const { readTwin } = await import("./initial-twin.ts");
  return { ...settings, initialTwin: await readTwin(io.cwd, twin) };
}

/**
 * What only a new enrollment must say completely: one that is changed has the rest already.
 *
 * @throws {CliError} `usage`
 */
export function checkNewSettings(settings: EnrollmentSettings): void {
  const { allocationPolicy, iotHubs, webhookUrl, webhookApiVersion } = settings;
  if (iotHubs !== undefined && allocationPolicy === undefined) {
    throw usageError("--iot-hubs needs --allocation-policy", "for one hub alone: static");
  }
  if (allocationPolicy === "custom" && webhookUrl === undefined) {
    throw usageError("--allocation-policy custom needs --webhook-url");
  }
  if (allocationPolicy === undefined && (webhookUrl ?? webhookApiVersion) !== undefined) {
    throw usageError("a webhook needs --allocation-policy custom");
  }
}

/**
 * What is changed of one that is there must fit what stays of it.
 *
 * @param changed - as it is to be
 * @param what - name of it, for errors: `the group g`
 * @throws {CliError} `usage`
 */
export function checkChangedSettings(
  changed: Pick<Partial<EnrollmentGroup>, "allocationPolicy" | "customAllocationDefinition">,
  settings: EnrollmentSettings,
  what: string,
): void {
  const { webhookUrl, webhookApiVersion, iotHubs, allocationPolicy: given } = settings;
  const { allocationPolicy, customAllocationDefinition: custom } = changed;
  const policy = allocationPolicy ?? "no policy of its own";
  const givesHook = (webhookUrl ?? webhookApiVersion) !== undefined;
  if (iotHubs !== undefined && !allocationPolicy) {
    throw usageError(`--iot-hubs needs --allocation-policy: ${what} has ${policy}`);
  }
  if (givesHook && allocationPolicy !== "custom") {
    throw usageError(`a webhook needs --allocation-policy custom: ${what} has ${policy}`);
  }
  if ((givesHook || given === "custom") && !custom?.webhookUrl) {
    throw usageError(`${what} has no webhook yet: --allocation-policy custom needs --webhook-url`);
  }
}

/**
 * What {@link SYMMETRIC_KEY_OPTIONS} and {@link CA_REFERENCE_OPTIONS} say; undefined where none is
 * given.
 *
 * @throws {CliError} `usage`
 */
export async function readCommonAttestation(
  args: Args,
  context: Context,
): Promise<Extract<GivenAttestation, { kind: "symmetricKey" | "caReferences" }> | undefined> {
  const keyFiles = [args.text("primary-key-file"), args.text("secondary-key-file")];
  const [primary, secondary] = [args.text("ca-reference"), args.text("secondary-ca-reference")];
  const hasKeys = args.flag("symmetric-key") || keyFiles.some((file) => file !== undefined);
  const hasReferences = primary !== undefined || secondary !== undefined;
  if (hasKeys && hasReferences) {
    throw usageError("symmetric keys and --ca-reference exclude one another");
  }
  if (hasReferences) return { kind: "caReferences", primary, secondary };
  if (!hasKeys) return undefined;
  const { readKeyFile } = await import("./key-file.ts");
  const keyOf = async (at: 0 | 1) => {
    const file = keyFiles[at];
    const option = at === 0 ? "primary-key-file" : "secondary-key-file";
    return file === undefined ? undefined : await readKeyFile(context, file, option);
  };
  return { kind: "symmetricKey", primaryKey: await keyOf(0), secondaryKey: await keyOf(1) };
}

function either<A extends string, B extends string>(args: Args, a: A, b: B): A | B | undefined {
  const is = flagPair(args, a, b);
  return is === undefined ? undefined : is ? a : b;
}

function flagPair(args: Args, yes: string, no: string): boolean | undefined {
  if (args.flag(yes) && args.flag(no)) throw usageError(`--${yes} and --${no} exclude one another`);
  return args.flag(yes) ? true : args.flag(no) ? false : undefined;
}

/** yargs has refused every other value. */
const oneOf = <T extends string>(all: readonly T[], value: string | undefined): T | undefined =>
  all.find((one) => one === value);
