import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import type { EnrollmentChange } from "../../flow/enrollment/update.ts";
import { ENROLLMENT_OPTIONS, REGISTRATION_ID, registrationId } from "./options.ts";

export const updateCommand: CommandSpec = {
  usage: "update <id>",
  summary: "Changes what is given of one device's enrollment, and nothing else.",
  examples: [
    ["dps-certs enrollment update sensor-1 --disabled", "the device can register no more"],
    [
      "dps-certs enrollment update sensor-1 --secondary-certificate new.pem",
      "a second certificate beside the first",
    ],
    ["dps-certs enrollment update sensor-1 --device sensor-1", "its renewed certificate"],
    ["dps-certs enrollment update sensor-1 --remove-secondary", "the first certificate alone"],
  ],
  positionals: { id: REGISTRATION_ID },
  options: {
    ...ENROLLMENT_OPTIONS,
    "remove-secondary": {
      describe: "take the secondary certificate or reference out",
      type: "boolean",
    },
  },
  run: async (args, context) => {
    const id = registrationId(args);
    const removeSecondary = args.flag("remove-secondary");
    const seconds = ["secondary-certificate", "secondary-ca-reference"];
    const second = seconds.find((name) => args.text(name) !== undefined);
    if (removeSecondary && second !== undefined) {
      throw usageError(`--remove-secondary and --${second} exclude one another`);
    }
    const [{ updateEnrollment }, { readEnrollmentAttestation }, { readSettings }] =
      await Promise.all([
        import("../../flow/enrollment/update.ts"),
        import("../../flow/enrollment/attestation.ts"),
        import("../../flow/service/enrollment-options.ts"),
      ]);
    const change: EnrollmentChange = {
      id,
      deviceId: args.text("device-id"),
      settings: await readSettings(args, context),
      attestation: await readEnrollmentAttestation(args, context, id),
      removeSecondary,
    };
    if (!saysAnything(change)) throw usageError("say what is to be changed");
    await updateEnrollment(context, change);
  },
};

const saysAnything = (change: EnrollmentChange): boolean =>
  change.removeSecondary ||
  [change.deviceId, change.attestation, ...Object.values(change.settings)].some(
    (value) => value !== undefined,
  );
