// Preloaded into a process whose memory is measured: at its end it writes the most that was resident.
const { writeFileSync } = require("node:fs");

process.on("exit", () => {
  const mebibytes = process.resourceUsage().maxRSS / 1024;
  writeFileSync(process.env.BENCH_MEMORY_FILE ?? "", `${mebibytes}`);
});
