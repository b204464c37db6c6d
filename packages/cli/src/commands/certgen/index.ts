import type { CommandGroup } from "../../command.ts";
import { certificateCommand } from "./certificate.ts";
import { chainCommand } from "./chain.ts";

export const certgenCommands: CommandGroup = {
  name: "certgen",
  summary:
    "The five commands of the CACertificates script, for the current folder: the same files.",
  commands: [
    chainCommand,
    certificateCommand({
      name: "create_verification_certificate",
      kind: "verification",
      summary:
        "Makes the certificate that proves possession of the root's key: certs/verification-code.*",
      argument: "code that the service gave",
      example: ["7D07A6A5C0B74F0B9D6C", "signed by the root"],
    }),
    certificateCommand({
      name: "create_device_certificate",
      kind: "device",
      summary: "Makes a device's certificate, signed by the root: certs/new-device.*",
      argument: "common name: the device's registration id",
      example: ["sensor-1", "signed by the root"],
    }),
    certificateCommand({
      name: "create_device_certificate_from_intermediate",
      kind: "deviceFromIntermediate",
      summary: "Makes a device's certificate, signed by the intermediate: certs/new-device.*",
      argument: "common name: the device's registration id",
      example: ["sensor-1", "signed by the intermediate"],
    }),
    certificateCommand({
      name: "create_edge_device_certificate",
      kind: "edge",
      summary:
        "Makes an Edge device's CA, named <cn>.ca, signed by the intermediate: certs/new-edge-device.*",
      argument: "name of the Edge device",
      example: ["gateway-1", "a CA named gateway-1.ca"],
    }),
  ],
};
