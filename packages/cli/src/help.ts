import type { CommandGroup, CommandSpec } from "./command.ts";
import { usageLine } from "./command.ts";

export const COMMON_OPTIONS: string = "For every command:";
const TYPES = / *(?:\[(?:string|boolean|array|required)\]|\[default: \[\]\])/g;
/** A line that holds nothing but types, which did not fit behind their option. */
const LINES_OF_TYPES = new RegExp(`\\n(?:${TYPES.source})+ *(?=\\n|$)`, "g");

type Example = readonly [command: string, effect: string];

const TOP: readonly Example[] = [
  [
    "dps-certs enroll thermostats --devices 3 --register",
    "the whole flow, on the embedded emulator",
  ],
  ["dps-certs group list", "what the service holds now"],
  ["dps-certs cleanup thermostats", "take it back"],
];

/**
 * The help that yargs made, with what the command does and its examples in front: they are what most
 * readers want. yargs would wrap and outdent them.
 */
export function helpText(
  made: string,
  commands: readonly CommandSpec[],
  groups: readonly CommandGroup[],
): string {
  const [first = "", ...rest] = made.split("\n");
  const head = [first, "", ...introduction(first.trim(), commands, groups)].join("\n");
  // What every command takes comes last; that a value is a string is no news to the reader.
  const plain = rest.join("\n").replace(LINES_OF_TYPES, "").replace(TYPES, "").replace(/ +$/gm, "");
  const blocks = plain.trim().split("\n\n");
  const isCommon = (block: string) => block.startsWith(COMMON_OPTIONS);
  const ordered = [...blocks.filter((block) => !isCommon(block)), ...blocks.filter(isCommon)];
  return `${[head, ...ordered].join("\n\n")}\n`;
}

function introduction(
  usage: string,
  commands: readonly CommandSpec[],
  groups: readonly CommandGroup[],
): string[] {
  const group = groups.find(({ name }) => usage === `dps-certs ${name} <command>`);
  if (group !== undefined) {
    return [
      group.summary,
      "",
      ...examples(group.commands.flatMap((one) => one.examples.slice(0, 1))),
    ];
  }
  const all = [
    ...commands.map((spec) => ({ spec, line: usageLine(spec, "") })),
    ...groups.flatMap(({ name, commands: own }) =>
      own.map((spec) => ({ spec, line: usageLine(spec, `${name} `) })),
    ),
  ];
  const spec = all.find(({ line }) => line === usage)?.spec;
  return spec
    ? [spec.summary, "", ...examples(spec.examples)]
    : [
        "From an empty folder to an enrolled fleet on the Azure IoT Device Provisioning Service.",
        "",
        ...examples(TOP),
      ];
}

function examples(list: readonly Example[]): string[] {
  const width = Math.max(...list.map(([command]) => command.length));
  return ["Examples:", ...list.map(([command, effect]) => `  ${command.padEnd(width)}  ${effect}`)];
}
