/** What goes into a bulk run, and what comes out of it. */
import type { PfxOptions } from "../authority/device-pfx.ts";
import type { Ca } from "../authority/load-ca.ts";
import type { Names } from "../x509/extensions.ts";
import type { KeyAlgorithmName } from "../x509/keys.ts";

/** A device that is to be made. */
export interface FleetRow {
  /** Where it stands in the input, from 1. */
  line: number;
  /** Registration id; becomes the common name. */
  id: string;
  /** @default none */
  names?: Names;
  /** Lifetime in days. @default that of the run */
  days?: number;
}

/** A row of the input that names no device. */
export interface BadRow {
  line: number;
  /** As far as it can be told. */
  id?: string;
  /** Its `code` and `hint`, where it has them, are told as well. */
  problem: Error;
}

export type InputRow = FleetRow | BadRow;

/** Where the devices go. */
export type FleetOutput =
  /** Into the PKI folder, one device's files beside the other's. */
  | { kind: "flat" }
  /** Into folders of two hex digits below this one. */
  | { kind: "fanned"; folder: string }
  /** Into a file, one JSON object a line. */
  | { kind: "file"; path: string }
  /** To a reader, likewise. */
  | {
      kind: "stream";
      /** Resolves when the text is on its way, and rejects where nobody reads. */
      write: (text: string) => Promise<void>;
      /** What it holds already, in bytes, where it is a file. @default it is none */
      fileSize?: number;
    };

export interface FleetRunOptions {
  /** A CA of the folder. */
  issuer: Ca;
  now: () => Date;
  output: FleetOutput;
  /**
   * Tells this run from others: one that was interrupted goes on when a run of the same name and input
   * comes. 16 hex digits, see {@link fleetRunName}. @default it does not go on, and leaves no journal
   */
  run?: string;
  /** Lifetime in days. @default 30 */
  days?: number;
  /** Of the devices' keys. @default the kind that the folder's chain was made with, else "ec-p256" */
  algorithm?: KeyAlgorithmName;
  /** Encrypts the keys. A secret. @default they are not encrypted */
  keyPassword?: string;
  /** Writes a PFX of each device as well; for `flat` output. @default none */
  pfx?: PfxOptions;
  /** Devices that become part of the folder together. @default 250 to 1000, by the output */
  batch?: number;
  /** Threads that issue. @default as `issueFleet` */
  workers?: number;
  /**
   * Whether ids are counted, so that none comes twice, and each tells all before it: a million of them
   * need not be remembered then. @default false
   */
  distinct?: boolean;
  /**
   * Makes devices also where index.txt lists valid certificates of theirs, which stay valid. Of files,
   * none is replaced. @default false
   */
  force?: boolean;
  /** Stops at the first row that fails, with its error. @default false: it is told, and left out */
  failFast?: boolean;
  /** Takes the rows that failed. */
  onBadRow?: (row: BadRow) => void;
  /** Called after each batch with how many devices this run made so far, and those before it. */
  onProgress?: (made: number, earlier: number) => void;
}

/** A device that was handed to a reader twice, as nobody knows whether it got the first. */
export interface RepeatedDevice {
  id: string;
  /** Upper-case hex. */
  serialNumber: string;
  /** Serial numbers of its earlier certificates, which are valid as well. */
  before: readonly string[];
}

export interface FleetResult {
  /** Devices that this run made. */
  made: number;
  /** Devices that the interrupted runs before it made. */
  earlier: number;
  /** Rows that failed, in this run and those before it. */
  failed: number;
  repeated: readonly RepeatedDevice[];
  /** The first certificate that ends with its issuer, before its time. */
  cut?: { id: string; asked: Date; notAfter: Date };
}
