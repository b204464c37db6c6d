import { mergeEnrollment } from "@dps-certs/dps-client";
import {
  type BulkMode,
  type IndividualEnrollment,
  IndividualEnrollmentRequest,
  idProblem,
  wireProblems,
} from "@dps-certs/dps-protocol";
import type { InputRow } from "../rows/input-rows.ts";
import { withAttestation, withSettings } from "../service/enrollment-members.ts";
import {
  ATTESTATION_COLUMNS,
  attestationOf,
  IMPORT_COLUMNS,
  ownMembersOf,
  Row,
  RowProblem,
  settingsOf,
} from "./columns.ts";

/** A row that can be sent. */
export interface ImportItem {
  line: number;
  id: string;
  etag: string | undefined;
  /**
   * The enrollment as the row has it: a new one, or the stored one with what the row gives in place of
   * what it has.
   */
  apply: (stored?: IndividualEnrollment) => IndividualEnrollment;
}

/** A row, or what became of it, that is told. */
export interface RowFailure {
  line: number;
  /** Where the row has one that can be one. */
  id?: string;
  /** `bad-row`, or the client's. */
  code: string;
  message: string;
  hint?: string;
}

/**
 * Reads a row: the columns by name, or an enrollment as the service itself has it, which is told by
 * its `attestation` being an object.
 *
 * @param readCertificate - gives the certificate of a device as PEM
 */
export async function readImportRow(
  row: InputRow,
  mode: BulkMode,
  readCertificate: (id: string, given: string) => Promise<string>,
): Promise<ImportItem | RowFailure> {
  const { line } = row;
  if ("problem" in row) return { line, code: "bad-row", message: row.problem };
  const values = new Row(row.values);
  let id: string | undefined;
  try {
    id = idOf(values);
    const item = await itemOf(line, id, values, row.values, mode, readCertificate);
    checkSendable(item, mode);
    return item;
  } catch (error) {
    if (!(error instanceof RowProblem)) throw error;
    return { line, ...(id !== undefined && { id }), code: "bad-row", message: error.message };
  }
}

export const isFailure = (row: ImportItem | RowFailure): row is RowFailure => "code" in row;

function idOf(row: Row): string {
  const id = row.text("registrationId");
  if (id === undefined) throw new RowProblem("registrationId is missing");
  const problem = idProblem(id);
  if (problem === undefined) return id;
  throw new RowProblem(`registrationId cannot be one: ${problem}`);
}

async function itemOf(
  line: number,
  id: string,
  row: Row,
  values: Readonly<Record<string, unknown>>,
  mode: BulkMode,
  readCertificate: (id: string, given: string) => Promise<string>,
): Promise<ImportItem> {
  const etag = row.text("etag");
  if (typeof row.value("attestation") === "object")
    return { line, id, etag, apply: asIs(id, values) };
  const unknown = Object.keys(values).find((name) => !IMPORT_COLUMNS.includes(name));
  if (unknown !== undefined) {
    throw new RowProblem(`${JSON.stringify(unknown.slice(0, 60))} is no member of a row`);
  }
  // All that a deletion needs is the id; the rest may be what the file was imported with.
  if (mode === "delete") return { line, id, etag, apply: () => ({ registrationId: id }) as never };
  const given = await attestationOf(row, (text) => readCertificate(id, text));
  const settings = settingsOf(row);
  const members = ownMembersOf(row);
  return {
    line,
    id,
    etag,
    apply: (stored) => {
      const attestation =
        given === undefined ? stored?.attestation : withAttestation(stored?.attestation, given);
      if (attestation === undefined) {
        throw new RowProblem(
          "it does not say how the device is to show who it is: give a certificate, for instance",
        );
      }
      const { registrationId = id } = stored ?? {};
      return withSettings({ ...stored, registrationId, ...members, attestation }, settings);
    },
  };
}

/** An enrollment in the service's own words, of which members that are not known here survive. */
function asIs(id: string, values: Readonly<Record<string, unknown>>): ImportItem["apply"] {
  const beside = ATTESTATION_COLUMNS.find((column) => Object.hasOwn(values, column));
  if (beside !== undefined) throw new RowProblem(`${beside} cannot stand beside an attestation`);
  const { etag: _, ...members } = values;
  const item = { ...members, registrationId: id } as IndividualEnrollment;
  return (stored) => (stored ? mergeEnrollment(stored, item, "registrationId") : item);
}

/** What can be said before anything is sent; what is to be changed has the rest already. */
function checkSendable({ apply, etag }: ImportItem, mode: BulkMode): void {
  if (mode === "updateIfMatchETag" && etag === undefined) throw new RowProblem("etag is missing");
  if (mode === "delete" || mode === "update") return;
  const [problem] = wireProblems(IndividualEnrollmentRequest, apply());
  if (problem === undefined) return;
  const { path, expected } = problem;
  throw new RowProblem(`${path || "the enrollment"} must be ${expected}`);
}
