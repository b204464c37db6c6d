import { describe, expect, it } from "vitest";
import { plot } from "./plot.js";

const row = (label: string, value: number, more = {}) => ({
  ...{ label, value, low: value * 0.9, high: value * 1.1, text: `${value}/s` },
  ...more,
});

/** Whether each element is closed where it was opened, and nothing stands in the text that must not. */
function isWellFormed(xml: string): boolean {
  const open: string[] = [];
  const rest = xml.replaceAll(
    /<(\/?)([a-z]+)((?: [\w:-]+="[^"<&]*(?:&\w+;[^"<&]*)*")*)(\/?)>/gi,
    (_, end: string, name: string, _attributes: string, empty: string) => {
      if (end && open.pop() !== name) open.push("?");
      if (!end && !empty) open.push(name);
      return "";
    },
  );
  return open.length === 0 && !/[<>]|&(?!(?:amp|lt|gt|quot);)/.test(rest);
}

const widths = (svg: string) =>
  [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));

describe("a plot", () => {
  it("is well-formed XML, whatever its texts are", () => {
    const svg = plot('a < b & "c"', [row("<script>&amp;", 5), row("x", 50)]);
    expect(isWellFormed(svg)).toBe(true);
    expect(svg).not.toContain("<script");
    expect(isWellFormed("<a><b></a>")).toBe(false);
    expect(isWellFormed("<a>&</a>")).toBe(false);
  });

  it("has each row's label and value, also for who cannot see it", () => {
    const svg = plot("rates", [row("ours", 21_400), row("theirs", 172)]);
    expect(svg).toContain(">ours</text>");
    expect(svg).toContain(">172/s</text>");
    expect(svg).toContain("<desc>ours: 21400/s; theirs: 172/s</desc>");
  });

  it("draws ten times as much the same length longer, wherever it is", () => {
    const [ten = 0, hundred = 0, thousand = 0] = widths(
      plot("logarithmic", [row("a", 10), row("b", 100), row("c", 1000)]),
    );
    expect(hundred - ten).toBeGreaterThan(50);
    expect(thousand - hundred).toBeCloseTo(hundred - ten, 0);
  });

  it("stays within its frame", () => {
    const svg = plot("far apart", [row("least", 0.0021), row("most", 9_900_000)]);
    for (const width of widths(svg)) expect(width).toBeLessThanOrEqual(420);
    expect(Math.min(...widths(plot("alone", [row("one", 1)])))).toBeGreaterThan(0);
  });

  it("marks what is ours, and suits light and dark pages", () => {
    const svg = plot("colours", [row("a", 1, { isOurs: true }), row("b", 2)]);
    expect(svg.match(/class="ours"/g)).toHaveLength(1);
    expect(svg).toContain("prefers-color-scheme: dark");
  });
});
