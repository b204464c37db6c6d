import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { COMMON, GROUPS, meantCommand } from "./catalogue.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Sources and guides; tests make mistakes on purpose. */
function filesIn(folder: string): string[] {
  const skipped = /^(?:node_modules|dist|bundle|testing)$/;
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.test(entry.name) ? [] : filesIn(path);
    return /\.(?:ts|md)$/.test(entry.name) && !entry.name.endsWith(".test.ts") ? [path] : [];
  });
}

interface Mention {
  /** Where, and what. */
  text: string;
  words: string[];
}

/** What stands behind the program's name, up to where a sentence or a string goes on. */
function mentionsIn(path: string): Mention[] {
  const text = readFileSync(join(ROOT, path), "utf8").replace(/\\\n\s*/g, " ");
  return [...text.matchAll(/dps-certs ([a-z][^\n`"';,)(]*)/g)].map(([whole, rest = ""]) => ({
    text: `${path}: ${whole}`,
    // A command whose words are put in by the program is no mention of it.
    words: (rest.split(/[$<[]/, 1)[0] ?? "").split(/[\s|.:]+/).filter((word) => word !== ""),
  }));
}

/** What no command is, or has. */
function problemsOf({ text, words }: Mention): string[] {
  const { spec } = meantCommand(words);
  const isGroup = GROUPS.some(({ name, aliases = [] }) =>
    [name, ...aliases].includes(words[0] ?? ""),
  );
  const isBare = isGroup && (words[1] === undefined || words[1].startsWith("-"));
  const isProse = /^(?:is|on)$/.test(words[0] ?? "");
  if (spec === undefined) return isBare || isProse ? [] : [text];
  const options = { ...COMMON, ...spec.options, help: {}, version: {} };
  return words
    .filter((word) => /^--[a-z]/.test(word))
    .map((word) => word.slice(2).replace(/=.*/, ""))
    .filter((name) => !Object.hasOwn(options, name))
    .map((name) => `${text} (--${name})`);
}

describe("hints, messages and guides", () => {
  const files = ["README.md", ...["packages", "docs"].flatMap(filesIn)];
  const mentions = files.flatMap(mentionsIn);

  it("name only commands and options that there are", () => {
    expect(mentions.flatMap(problemsOf)).toEqual([]);
  });

  it("are looked at, those of the client too", () => {
    const ofClient = mentions.filter(({ text }) => text.startsWith("packages/dps-client/src/hint"));
    expect(ofClient.length).toBeGreaterThan(10);
    const wrong = [
      "dps-certs frobnicate x",
      "dps-certs group destroy g",
      "dps-certs group list --x",
    ];
    for (const text of wrong) {
      expect(problemsOf({ text, words: text.split(" ").slice(1) })).toHaveLength(1);
    }
  });
});
