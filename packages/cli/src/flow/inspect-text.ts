import type {
  Inspected,
  InspectedCertificate,
  InspectedPfx,
  InspectedPrivateKey,
  InspectProblem,
} from "@dps-certs/ca-tools";
import { type Colour, paint, plural, printable } from "../output/text.ts";
import { drawTrees, growTrees } from "../output/tree.ts";

export interface TextOptions {
  now: Date;
  colour: boolean;
}

const DAY = 86_400_000;
/** From here on the end of a certificate is shown in yellow. */
const SOON_DAYS = 30;
const SHOWN_REVOKED = 5;

/** What `inspect` shows to people: certificates as trees from root to leaf, then all the rest. */
export function inspectText(found: readonly Inspected[], options: TextOptions): string {
  const all = found.flatMap(flattened);
  const keys = all.filter((one) => one.kind === "private-key");
  const certificates = all.filter((one) => one.kind === "certificate");
  const [placed, rest] = uniquely(certificates);
  const trees = growTrees(placed, {
    idOf: ({ sha256 }) => sha256,
    parentOf: ({ issuedBy }) => issuedBy,
    linesOf: (one) => certificateLines(one, rest.get(one.sha256) ?? [one], keys, options),
  });
  const others = all.filter((one) => one.kind !== "certificate" && !isPlaced(one));
  const drawn = drawTrees([
    ...trees,
    ...others.map((one) => ({ lines: otherLines(one, options), children: [] })),
  ]);
  return drawn.endsWith("\n") ? drawn : `${drawn}\n`;
}

/** A key that stands beside its certificate is not told again. */
const isPlaced = (one: Inspected) => one.kind === "private-key" && (one.belongsTo?.length ?? 0) > 0;

const flattened = (one: Inspected): Inspected[] =>
  one.kind === "pfx" ? [one, ...one.contents] : [one];

/** Each certificate once, and every place that it was found in. */
function uniquely(
  certificates: readonly InspectedCertificate[],
): [InspectedCertificate[], Map<string, InspectedCertificate[]>] {
  const places = new Map<string, InspectedCertificate[]>();
  for (const one of certificates) {
    places.set(one.sha256, [...(places.get(one.sha256) ?? []), one]);
  }
  return [[...places.values()].flatMap(([first]) => first ?? []), places];
}

function certificateLines(
  one: InspectedCertificate,
  places: readonly InspectedCertificate[],
  keys: readonly InspectedPrivateKey[],
  options: TextOptions,
): string[] {
  const own = keys.filter(({ belongsTo }) => belongsTo?.includes(one.sha256));
  const usage = [one.keyUsage, one.extendedKeyUsage].flatMap((list) => list ?? []);
  const names = one.subjectAlternativeNames.map(({ type, value }) => `${type} ${value}`);
  const isOrphan = one.issuedBy === undefined && !one.selfSigned;
  const limit = one.pathLength === undefined ? "" : `, path length ${one.pathLength}`;
  return [
    `${paint(options.colour, "bold", printable(one.subject) || "(no name)")}   ${one.role}${limit}`,
    ...labelled([
      ["issuer", isOrphan ? `${one.issuer} (not here)` : undefined],
      ["key", [`${one.keyAlgorithm}, signed with ${one.signatureAlgorithm}`]],
      ["usage", usage.length > 0 ? usage.join(", ") : undefined],
      ["names", names.length > 0 ? names.join(", ") : undefined],
    ]),
    `valid    ${validity(one, options)}`,
    ...labelled([
      ["SHA-256", one.sha256],
      ["SHA-1", one.sha1],
      ["serial", one.serialNumber],
      ["in", places.map(placeOf).filter(Boolean)],
      ["private", own.map((key) => `${placeOf(key)}${key.encrypted ? ", encrypted" : ""}`)],
    ]),
  ];
}

/** One line a value; none where there is none. */
function labelled(
  entries: readonly (readonly [string, string | readonly string[] | undefined])[],
): string[] {
  return entries.flatMap(([label, value]) =>
    [value ?? []].flat().map((one) => `${label.padEnd(7)}  ${printable(one)}`),
  );
}

function placeOf({ file = "", line }: { file?: string; line?: number }): string {
  return line === undefined || line === 1 ? file : `${file}, line ${line}`;
}

function validity(
  { notBefore, notAfter }: Pick<InspectedCertificate, "notAfter" | "notBefore">,
  { now, colour }: TextOptions,
): string {
  const days = Math.floor((Date.parse(notAfter) - now.getTime()) / DAY);
  const [text, hue] = timeLeft(days, Date.parse(notBefore) > now.getTime());
  const dates = `${notBefore.slice(0, 10)} to ${notAfter.slice(0, 10)}, `;
  return dates + paint(colour && hue !== undefined, hue ?? "dim", text);
}

function timeLeft(days: number, isEarly: boolean): [string, Colour | undefined] {
  if (days < 0) return ["expired", "red"];
  if (isEarly) return ["not valid yet", "yellow"];
  return [`${plural(days, "day")} left`, days < SOON_DAYS ? "yellow" : undefined];
}

function otherLines(one: Inspected, options: TextOptions): string[] {
  const head = (what: string, sign = "") =>
    `${sign}${paint(options.colour, "bold", what)}   ${printable(placeOf(one))}`.trimEnd();
  switch (one.kind) {
    case "private-key":
      return [head("private key"), ...labelled(keyEntries(one)), ...problem(one.error, options)];
    case "public-key": {
      const owner = one.belongsTo?.length ? `of ${one.belongsTo.join(", ")}` : undefined;
      return [
        head("public key"),
        ...labelled([["key", [one.keyAlgorithm, ...(owner ? [owner] : [])].join(", ")]]),
      ];
    }
    case "request":
      return [
        head("certificate signing request"),
        ...labelled([
          ["subject", one.subject],
          ["key", one.keyAlgorithm],
          ["names", one.subjectAlternativeNames?.map(({ type, value }) => `${type} ${value}`)],
          ["signed", one.signatureValid ? "with the key that it names" : undefined],
        ]),
        ...problem(one.error, options),
      ];
    case "crl":
      return [head("certificate revocation list"), ...crlLines(one, options)];
    case "pfx":
      return [head("PFX"), ...pfxLines(one), ...problem(one.error, options)];
    case "unknown":
      return [head("unknown", paint(options.colour, "red", "✖ ")), ...problem(one.error, options)];
    case "certificate":
      return [];
  }
}

function keyEntries({ keyAlgorithm, encrypted, belongsTo }: InspectedPrivateKey) {
  const kind = keyAlgorithm ?? "unknown until it is opened";
  const state = encrypted ? "encrypted" : "not encrypted";
  return [
    ["key", `${kind}, ${state}`],
    ["of", belongsTo === undefined ? undefined : "no certificate that is shown here"],
  ] as const;
}

function crlLines(one: Extract<Inspected, { kind: "crl" }>, options: TextOptions): string[] {
  const { notBefore, notAfter } = { notBefore: one.thisUpdate, notAfter: one.nextUpdate };
  const shown = one.entries.slice(0, SHOWN_REVOKED).map(({ serialNumber, at, reason }) => {
    const why = reason === undefined ? "" : `, ${reason}`;
    return `${serialNumber}, ${at.slice(0, 10)}${why}`;
  });
  const more = one.count - shown.length;
  return [
    ...labelled([
      ["issuer", one.issuer],
      ["number", one.number],
      ["signed", one.issuedBy && `by the CA with SHA-256 ${one.issuedBy}`],
    ]),
    `valid    ${notAfter ? validity({ notBefore, notAfter }, options) : `from ${notBefore.slice(0, 10)}`}`,
    ...labelled([
      ["revoked", one.count === 0 ? "none" : shown],
      ["", more > 0 ? `and ${more} more` : undefined],
    ]),
  ];
}

function pfxLines({ opened, contents, error }: InspectedPfx): string[] {
  const keys = contents.filter(({ kind }) => kind === "private-key").length;
  const certificates = contents.length - keys;
  if (opened) {
    return labelled([
      ["holds", `${plural(keys, "private key")} and ${plural(certificates, "certificate")}`],
    ]);
  }
  return error
    ? []
    : labelled([["state", "encrypted; --password-file or --password-env opens it"]]);
}

function problem(error: InspectProblem | undefined, { colour }: TextOptions): string[] {
  if (error === undefined) return [];
  const hint = error.hint === undefined ? [] : [printable(error.hint)];
  return [paint(colour, "red", printable(error.message)), ...hint];
}
