/** The CAs that a chain is held against. */
import {
  type Certificate,
  certificatesIn,
  type Item,
  type PasswordSource,
} from "@dps-certs/ca-tools";
import type { Context } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { shortPath } from "../../output/text.ts";
import { readFiles } from "../read-input.ts";
import { readFolderCas } from "../service/folder-cas.ts";
import type { ServiceCas } from "./chain.ts";
import type { CheckFinding, CheckMode } from "./rules.ts";
import { CHECKS } from "./table.ts";

export interface CasOptions {
  /** File of what the service holds. @default the roots of the PKI folder, else the chain's own top */
  ca: string | undefined;
  password: PasswordSource;
  mode: CheckMode;
  /** Whether the service is asked what it holds: then all that it may hold is of use. */
  asks: boolean;
}

export const flatItems = (items: readonly Item[]): Item[] =>
  items.flatMap((item) => (item.kind === "pfx" ? [item, ...(item.contents ?? [])] : [item]));

/** What is named as a CA and is none issues nothing, whatever the chain looks like. */
export function caFindings({ anchors, fileOf }: ServiceCas, individual: boolean): CheckFinding[] {
  if (individual) return [];
  return anchors
    .filter(({ basicConstraints }) => basicConstraints?.ca === false)
    .map((anchor) => {
      const { subject } = anchor;
      const file = fileOf?.(anchor);
      const { severity, mend } = CHECKS["not-a-ca"];
      return {
        code: "not-a-ca",
        severity,
        ...(file !== undefined && { file }),
        subject,
        message: `${subject}, which the service is said to hold, is no CA (CA:FALSE)`,
        mend,
      };
    });
}

/**
 * The CAs that the service holds, as far as they can be told from here.
 *
 * @param items - what is checked, for the names of files
 */
export async function serviceCas(
  context: Context,
  { ca, password, mode, asks }: CasOptions,
  items: readonly Item[],
): Promise<ServiceCas> {
  const origins = new Map<string, string>();
  const remember = (some: readonly Item[]) => {
    for (const item of flatItems(some)) {
      if (item.kind !== "certificate" || item.file === undefined) continue;
      const { sha256 } = item.certificate;
      origins.set(sha256, origins.get(sha256) ?? item.file);
    }
  };
  remember(items);
  const fileOf = ({ sha256 }: Certificate) => origins.get(sha256);
  if (ca !== undefined) {
    const held = await readFiles(context.io.cwd, [ca], { password });
    remember(held);
    const anchors = certificatesIn(held);
    const others = asks ? (await readFolderCas(context)).map(({ certificate }) => certificate) : [];
    if (anchors.length > 0) return { anchors: [...anchors, ...others], isAssumed: false, fileOf };
    throw new CliError("not-found", `there is no certificate in ${ca}`, {
      hint: "--ca names a file with certificates of CAs",
    });
  }
  const folder = mode === "device" ? await folderCas(context, asks) : undefined;
  return folder ? { ...folder, fileOf } : { anchors: [], isAssumed: true, fileOf };
}

/** As `enroll` does it: the root is uploaded and verified, the groups are of the intermediates. */
async function folderCas(context: Context, all: boolean): Promise<ServiceCas | undefined> {
  const cas = await readFolderCas(context);
  if (cas.length === 0) return undefined;
  const { io, pki } = context;
  return {
    anchors: cas.flatMap((ca) => (all || ca.record.issuer === null ? ca.certificate : [])),
    groups: cas.flatMap((ca) => (ca.record.group === null ? [] : ca.certificate)),
    isAssumed: false,
    assumption: `it is assumed that the service holds the root CA of ${shortPath(io.cwd, pki)}, verified`,
  };
}
