import type { Reporter } from "../output/reporter.ts";
import type { Connection } from "../target/connection.ts";

/** Which CAs are uploaded and proved; a chain needs one. */
export type VerifyCa = "root" | "intermediate" | "both";

/** What the steps of `enroll` work on. */
export interface EnrollInput {
  group: string;
  /** PKI folder. */
  pki: string;
  connection: Connection;
  now: () => Date;
  report: Reporter;
  /** How a path is shown to people. @default as it is */
  showPath?: (path: string) => string;
  /** @default "root" */
  verifyCa?: VerifyCa;
  /** Devices to make certificates for. @default none */
  deviceIds?: readonly string[];
  /** Registers them. @default false */
  register?: boolean;
  /** Takes the place of a certificate or group of the same name that is another. @default false */
  replace?: boolean;
}
