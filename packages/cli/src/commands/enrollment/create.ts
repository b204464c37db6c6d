import type { CommandSpec } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { ENROLLMENT_OPTIONS, REGISTRATION_ID, registrationId } from "./options.ts";

export const createCommand: CommandSpec = {
  usage: "create <id>",
  summary: "Enrolls one device, by its certificate, a symmetric key or its TPM.",
  examples: [
    ["dps-certs enrollment create sensor-1 --device sensor-1", "with its certificate in ./pki"],
    ["dps-certs enrollment create sensor-1 --certificate sensor-1.pem", "with one from elsewhere"],
    ["dps-certs enrollment create sensor-2 --symmetric-key", "with keys that the service draws"],
    ["dps-certs enrollment create sensor-3 --endorsement-key-file ek.b64", "with its TPM"],
    [
      "dps-certs enrollment create gw-1 --device gw-1 --edge-enabled --device-id gateway",
      "an IoT Edge device, with another name in its hub",
    ],
  ],
  positionals: { id: REGISTRATION_ID },
  options: ENROLLMENT_OPTIONS,
  run: async (args, context) => {
    const id = registrationId(args);
    const deviceId = args.text("device-id");
    const [{ createEnrollment }, { readEnrollmentAttestation }, settings] = await Promise.all([
      import("../../flow/enrollment/create.ts"),
      import("../../flow/enrollment/attestation.ts"),
      import("../../flow/service/enrollment-options.ts"),
    ]);
    const given = await settings.readSettings(args, context);
    settings.checkNewSettings(given);
    const attestation = await readEnrollmentAttestation(args, context, id);
    if (attestation === undefined) {
      throw usageError(
        `how is ${id} to show who it is?`,
        "say --device, --certificate, --symmetric-key, --ca-reference or --endorsement-key-file",
      );
    }
    if ("primary" in attestation && attestation.primary === undefined) {
      throw usageError("a secondary certificate or reference goes beside a primary one");
    }
    await createEnrollment(context, { id, deviceId, attestation, settings: given });
  },
};
