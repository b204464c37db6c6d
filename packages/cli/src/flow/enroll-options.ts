import type { Ca, PasswordSource } from "@dps-certs/ca-tools";
import type { Reporter } from "../output/reporter.ts";
import type { Connection } from "../target/connection.ts";
import type { OwnCa } from "./own-ca.ts";

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
  /** A CA of one's own, which is imported in place of making a root. */
  ownCa?: OwnCa;
  /** Asked for the password of a CA's key that is encrypted, when it is to sign. */
  password?: PasswordSource;
  /** Stores the private keys of new CAs encrypted. @default as their issuer's key is stored */
  newKeyPassword?: string;
  /** CAs whose keys were opened in this run, by SHA-256. @default made by `enroll` */
  opened?: Map<string, Promise<Ca>>;
  /** Devices to make certificates for. @default none */
  deviceIds?: readonly string[];
  /** Registers them. @default false */
  register?: boolean;
  /** Takes the place of a certificate or group of the same name that is another. @default false */
  replace?: boolean;
}
