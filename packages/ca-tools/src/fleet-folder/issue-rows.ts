import { createPrivateKey } from "node:crypto";
import { alternativeNames } from "../authority/alternative-names.ts";
import { type PfxOptions, pfxFile } from "../authority/device-pfx.ts";
import type { Ca } from "../authority/load-ca.ts";
import { issueFleet } from "../fleet/issue-fleet.ts";
import type { FleetDevice, FleetOptions, FleetRequest } from "../fleet/types.ts";
import { checkDeviceId } from "../folder/layout.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { checkCommonName } from "../x509/issue.ts";
import { encryptPrivateKey } from "../x509/private-key.ts";
import { validityFor } from "../x509/validity.ts";
import type { FleetMade } from "./device-output.ts";
import type { WantedRow } from "./input.ts";
import type { FleetRow, FleetRunOptions } from "./types.ts";

export interface IssuedDevice extends Omit<FleetDevice, "der" | "notBefore"> {
  pfx?: Uint8Array;
}

type Issuing = Pick<FleetRunOptions, "issuer" | "days" | "algorithm" | "workers"> &
  Pick<FleetRunOptions, "keyPassword" | "pfx">;

/** Issues devices in the order of their rows; protects their keys where that is asked for. */
export async function* issueRows(
  rows: AsyncIterable<WantedRow>,
  { issuer, days, algorithm, workers, keyPassword, pfx }: Issuing,
  now: Date,
): AsyncGenerator<FleetMade[]> {
  const options: FleetOptions = {
    issuer,
    now,
    ...(days !== undefined && { days }),
    ...(algorithm && { algorithm }),
    ...(workers !== undefined && { workers }),
  };
  // Issuing keeps the order, and hands out neither more nor less than it was given.
  const ahead: WantedRow[] = [];
  for await (const devices of issueFleet(requestsOf(rows, ahead), options)) {
    const issued =
      keyPassword === undefined && pfx === undefined
        ? devices
        : await Promise.all(devices.map((one) => protect(one, issuer, { keyPassword, pfx })));
    const wanted = ahead.splice(0, issued.length);
    yield issued.flatMap((device, n) => {
      const row = wanted[n];
      return row === undefined ? [] : [{ ...row, device }];
    });
  }
}

async function* requestsOf(
  rows: AsyncIterable<WantedRow>,
  ahead: WantedRow[],
): AsyncGenerator<FleetRequest> {
  for await (const wanted of rows) {
    ahead.push(wanted);
    const { id, names, days } = wanted.row;
    yield {
      commonName: id,
      ...(names && { subjectAlternativeNames: names }),
      ...(days !== undefined && { days }),
    };
  }
}

async function protect(
  device: FleetDevice,
  issuer: Ca,
  { keyPassword, pfx }: { keyPassword: string | undefined; pfx: PfxOptions | undefined },
): Promise<IssuedDevice> {
  const privateKey = createPrivateKey(device.privateKey);
  const certificate = parseCertificate(device.certificate);
  const file = pfx && (await pfxFile(device.commonName, { certificate, privateKey }, issuer, pfx));
  return {
    ...device,
    ...(keyPassword !== undefined && {
      privateKey: await encryptPrivateKey(privateKey, keyPassword),
    }),
    ...(file && { pfx: file.data as Uint8Array }),
  };
}

/**
 * Refuses what issuing would refuse, row by row and before it begins.
 *
 * @throws {CaToolsError} `invalid-name`, `outside-validity`
 */
export function checkRow(
  { id, names, days }: FleetRow,
  { issuer, output }: Pick<FleetRunOptions, "issuer" | "output">,
  now: Date,
): void {
  checkCommonName(id);
  if (output.kind === "flat" || output.kind === "fanned") checkDeviceId(id);
  if (names !== undefined) alternativeNames(names);
  if (days !== undefined) validityFor(now, days, issuer.certificate);
}
