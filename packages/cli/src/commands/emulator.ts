import type { CommandGroup, CommandSpec } from "../command.ts";

const start: CommandSpec = {
  usage: "start",
  summary: "Serves the emulator to other programs until it is stopped.",
  examples: [
    ["dps-certs emulator start", "on a free port, with the state in .dps-certs"],
    ["dps-certs emulator start --port 9443 --json", "one line of JSON when it is ready"],
    ["dps-certs emulator start --in-memory", "forgets everything when it stops"],
  ],
  options: {
    port: { describe: "TCP port; 0 takes a free one", default: "0" },
    "retry-after": {
      describe: "seconds that a device is told to wait before it polls",
      default: "3",
    },
    "in-memory": { describe: "keep no state on disk", type: "boolean" },
    host: { describe: "address to listen on  [default: 127.0.0.1 and ::1]" },
    msi: {
      describe: "serve the managed-identity endpoint: any program of this machine gets a token",
      type: "boolean",
    },
    "allow-webhooks": {
      describe: "call webhooks of custom allocation anywhere, not on this machine alone",
      type: "boolean",
    },
  },
  run: async (args, context) => {
    const options = {
      port: args.integer("port", { min: 0, max: 65_535 }) ?? 0,
      retryAfterSeconds: args.integer("retry-after", { min: 0, max: 3600 }) ?? 3,
      inMemory: args.flag("in-memory"),
      host: args.text("host"),
      msi: args.flag("msi"),
      allowWebhooks: args.flag("allow-webhooks"),
    };
    const { serve } = await import("../flow/emulator-commands.ts");
    await serve(context, options);
  },
};

const status: CommandSpec = {
  usage: "status",
  summary: "Says whether an emulator is serving the state folder, and where.",
  examples: [
    ["dps-certs emulator status", "exit status 0 if it is running, 1 if not"],
    ["dps-certs emulator status --json", "the same as JSON"],
  ],
  run: async (_args, context) => {
    const { showStatus } = await import("../flow/emulator-commands.ts");
    return await showStatus(context);
  },
};

const stop: CommandSpec = {
  usage: "stop",
  summary: "Stops the emulator that is serving the state folder.",
  examples: [["dps-certs emulator stop", "the state stays"]],
  run: async (_args, context) => {
    const { stopServing } = await import("../flow/emulator-commands.ts");
    await stopServing(context);
  },
};

export const emulatorCommands: CommandGroup = {
  name: "emulator",
  summary: "The local Device Provisioning Service.",
  commands: [start, status, stop],
};
