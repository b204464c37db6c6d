import type { CertificateResponse, EnrollmentGroup } from "@dps-certs/dps-protocol";
import type { Context } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { withConnection } from "../../target/connect.ts";
import type { Connection } from "../../target/connection.ts";
import { deleteNamed, findNamed } from "../service/deletion.ts";
import { readFolderCas } from "../service/folder-cas.ts";
import { stateOf } from "./text.ts";
import { isNotAllowed, needOf } from "./uploads.ts";

export interface DeleteCertificatesOptions {
  names: readonly string[];
  /** Also what groups need. */
  force: boolean;
}

/** Deletes CA certificates of the service; without `force` none that a group needs. */
export async function deleteCertificates(
  context: Context,
  { names, force }: DeleteCertificatesOptions,
): Promise<void> {
  await withConnection(context, { readOnly: true }, async (connection) => {
    const { certificates } = connection;
    const found = await findNamed(names, {
      title: "certificate",
      hint: "see them with: dps-certs certificate list",
      find: (name) => certificates.find(name),
    });
    const needs = await findNeeds(context, connection, found).catch((error: unknown) => {
      if (!force || !isNotAllowed(error)) throw error;
      context.report.warn("which groups need them could not be looked up");
      return [];
    });
    if (needs.length > 0 && !force) throw stillNeeded(needs);
    for (const need of needs) context.report.warn(`${need}: its devices cannot register any more`);
    const deleted = await deleteNamed(
      context,
      found.map((one) => ({
        title: "certificate",
        name: one.name,
        detail: stateOf(one),
        remove: () => certificates.delete(one.name, { ifMatch: one.etag }),
      })),
    );
    context.report.result(deleted, "");
  });
}

/** Sentences: which group needs which of them. */
async function findNeeds(
  context: Context,
  { certificates, enrollments }: Connection,
  doomed: readonly CertificateResponse[],
): Promise<string[]> {
  const groups: EnrollmentGroup[] = [];
  for await (const group of enrollments.groups.query()) groups.push(group);
  const kept = (await certificates.list()).filter(
    ({ name }) => !doomed.some((one) => one.name === name),
  );
  const chains = (await readFolderCas(context)).map(({ chain }) => chain);
  return doomed.flatMap((one) =>
    groups.flatMap((group) => {
      const need = needOf(group, one, { chains, kept });
      return need === undefined ? [] : `${one.name}: the group ${group.enrollmentGroupId} ${need}`;
    }),
  );
}

function stillNeeded(needs: readonly string[]): CliError {
  return new CliError("in-use", `certificates are needed: ${needs.join("; ")}`, {
    hint: "delete the groups first (dps-certs group delete), or say --force: their devices cannot register then",
  });
}
