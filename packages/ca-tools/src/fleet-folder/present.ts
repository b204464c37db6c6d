/** Which ids are taken already, as a run goes on and others work in the same folder. */
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type LeafPaths, leafPaths } from "../authority/leaf-files.ts";
import { CaToolsError } from "../errors.ts";
import { isMissing, listNames } from "../folder/files.ts";
import { readIndex } from "../folder/index-file.ts";
import { deviceIdOfFile, INDEX_FILE } from "../folder/layout.ts";
import { createIdSet } from "./id-set.ts";
import { inSlices } from "./slices.ts";

export interface PresentIds {
  /** What speaks against a new device of this id; undefined when nothing does. */
  problem(id: string): CaToolsError | undefined;
  /** Looks again. */
  refresh(): Promise<void>;
  /** Takes what came since the last look for known: it is the caller's own. */
  passOver(): Promise<void>;
}

/** Ids whose files are in the PKI folder. */
export function presentFiles(folder: string): PresentIds {
  // By their lower-case forms.
  let paths = new Map<string, string>();
  return {
    problem: (id) => {
      // Names that Windows keeps for devices differ by more than letter case once they are encoded.
      for (const form of new Set([id, id.toLowerCase(), id.toUpperCase()])) {
        const problem = takenBy(id, leafPaths(form), paths);
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
    refresh: async () => {
      const found = await Promise.all(
        ["certs", "private", "csr"].map(async (name) =>
          (await listNames(join(folder, name))).map((file) => `${name}/${file}`),
        ),
      );
      const now = new Map<string, string>();
      await inSlices(found.flat(), (path) => now.set(path.toLowerCase(), path));
      paths = now;
    },
    // The next look reads the folders anew, whoever wrote.
    passOver: () => Promise.resolve(),
  };
}

function takenBy(
  id: string,
  leaf: LeafPaths,
  paths: ReadonlyMap<string, string>,
): CaToolsError | undefined {
  const device = paths.get(leaf.certificate.toLowerCase());
  if (device !== undefined) return deviceExists(id, deviceIdOfFile(basename(device)) ?? id);
  const left = Object.values(leaf).find((path) => paths.has(path.toLowerCase()));
  return left === undefined ? undefined : filesLeft(id, left);
}

function deviceExists(id: string, other: string): CaToolsError {
  if (id !== other) {
    const problem = `there is already a device ${other}, and ids do not differ by letter case alone`;
    return new CaToolsError("exists", problem, { hint: "choose another id" });
  }
  return new CaToolsError("exists", `there is already a certificate for device ${id}`, {
    hint: `replace it with: dps-certs device create ${id} --force`,
  });
}

function filesLeft(id: string, path: string): CaToolsError {
  return new CaToolsError("exists", `${path} is there, without the certificate of ${id}`, {
    hint: `make the device by itself, which keeps that file: dps-certs device create ${id}`,
  });
}

/**
 * Ids that index.txt lists a certificate for which is valid now. Its rows are read once; later looks
 * read what was appended meanwhile.
 */
export function presentRows(folder: string, now: () => Date): PresentIds {
  const path = join(folder, INDEX_FILE);
  let ids = createIdSet();
  let seen = { file: "", size: 0 };
  return {
    problem: (id) => (ids.has(id) ? listed(id, path) : undefined),
    refresh: async () => {
      const found = await look(path);
      // A revocation writes the file anew.
      const isSame = found.file === seen.file && found.size >= seen.size;
      if (!isSame) ids = createIdSet();
      const limit = now();
      for await (const row of readIndex(path, isSame ? seen.size : 0)) {
        const id = /^\/CN=([^/\\]+)$/.exec(row.subject)?.[1];
        if (row.status === "V" && id !== undefined && row.notAfter >= limit) ids.add(id);
      }
      seen = found;
    },
    passOver: async () => {
      seen = await look(path);
    },
  };
}

async function look(path: string): Promise<{ file: string; size: number }> {
  try {
    const { dev, ino, size } = await stat(path);
    return { file: `${dev} ${ino}`, size };
  } catch (error) {
    if (isMissing(error)) return { file: "", size: 0 };
    throw error;
  }
}

function listed(id: string, file: string): CaToolsError {
  return new CaToolsError("exists", `${file} lists a valid certificate for ${id} already`, {
    file,
    hint: "choose another id, or say --force for a second certificate beside it",
  });
}

export const NOTHING_PRESENT: PresentIds = {
  problem: () => undefined,
  refresh: () => Promise.resolve(),
  passOver: () => Promise.resolve(),
};

/** What either knows. */
export const anyOf = (first: PresentIds, second: PresentIds): PresentIds => ({
  problem: (id) => first.problem(id) ?? second.problem(id),
  refresh: async () => {
    await first.refresh();
    await second.refresh();
  },
  passOver: async () => {
    await first.passOver();
    await second.passOver();
  },
});
