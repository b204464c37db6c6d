import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { page, plots, type Results } from "./page.js";
import { jsonOf } from "./write.js";

const results: Results = {
  takenAt: "2026-11-24",
  minutes: 9.4,
  isQuick: false,
  machine: {
    ...{ processor: "Abacus", cores: 2, memoryGiB: 24, system: "Linux 6 x64" },
    ...{ node: "v20.1.0", openssl: "3.0.1", load: 0.1 },
  },
  versions: { "dps-certs": "0.1.0", openssl: "OpenSSL 3.0.1" },
  missing: { mkcert: "not there" },
  notes: { openssl: "one `process` | each" },
  measurements: {
    devices: {
      unit: "devices/s",
      rounds: { openssl: [150, 160, 170], "dps-certs": [16_000, 16_100, 16_500] },
      perRound: { openssl: 150, "dps-certs": 20_000 },
    },
    start: { unit: "s", rounds: { "dps-certs --help": [0.09], "node -e 0": [0.06] } },
  },
};

describe("the benchmark page", () => {
  it("says what it was taken on, with which programs, and what was not measured", () => {
    const text = page(results);
    for (const said of ["Abacus, 2 cores, 24 GiB", "Node v20.1.0", "openssl: OpenSSL 3.0.1"]) {
      expect(text).toContain(said);
    }
    expect(text).toContain("Not measured:\n\n- mkcert: not there");
  });

  it("has a table for each measurement, the best first", () => {
    const text = page(results);
    expect(text).toContain("| dps-certs | 16,100/s | 16,100/s–16,300/s | 1× | 20,000 |  |");
    expect(text).toContain(
      "| openssl | 160/s | 155/s–165/s | 101× | 150 | one `process` \\| each |",
    );
    expect(text.indexOf("| dps-certs | 16")).toBeLessThan(text.indexOf("| openssl | 160"));
    expect(text).toContain("| dps-certs --help | 90 ms |  | 1.5× |");
    expect(text).not.toContain("## Memory");
  });

  it("has each bar, and whether it is met", () => {
    const rows = page(results).match(/^\| .*at (?:least|most) .*$/gm) ?? [];
    expect(rows).toHaveLength(14);
    expect(rows.filter((row) => row.endsWith("| yes |"))).toHaveLength(2);
    expect(rows.filter((row) => row.endsWith("| not measured |  |"))).toHaveLength(12);
  });

  it("warns of a quick run and of a busy machine", () => {
    expect(page(results)).not.toMatch(/quick run|busy/);
    expect(page({ ...results, isQuick: true })).toContain("**A quick run");
    const busy = { ...results.machine, load: 2.5 };
    expect(page({ ...results, machine: busy })).toContain("**The machine was busy");
  });

  it("shows the plots that are made", () => {
    const images = [...page(results).matchAll(/\(benchmarks\/(.+\.svg)\)/g)].map(
      ([, file]) => file,
    );
    expect(images).toEqual(["devices.svg", "start.svg"].sort());
    expect(Object.keys(plots(results)).sort()).toEqual(images);
  });

  it("keeps all numbers in JSON, with a list on a line", () => {
    const text = jsonOf(results);
    expect(JSON.parse(text)).toEqual(results);
    expect(text).toContain('"openssl": [150, 160, 170]');
  });
});

describe("docs/benchmarks.md", () => {
  const docs = new URL("../../docs/", import.meta.url);
  const read = (name: string) => readFileSync(new URL(name, docs), "utf8");

  it("is made of docs/benchmarks.json", () => {
    const taken: Results = JSON.parse(read("benchmarks.json"));
    expect(read("benchmarks.md")).toBe(page(taken));
    for (const [name, svg] of Object.entries(plots(taken))) {
      expect(read(`benchmarks/${name}`)).toBe(svg);
    }
  });
});
