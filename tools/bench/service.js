/**
 * What the emulator takes a second, with the command and the emulator in one process.
 *
 * @import { Bench } from "./contenders.js"
 * @import { Measurement } from "./whole.js"
 */
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dpsCerts } from "./contenders.js";
import { takeTurns } from "./rounds.js";
import { seconds } from "./whole.js";

/**
 * @param {Bench} bench @param {number} rounds @param {number} devices @param {number} enrollments
 * @returns {Promise<Measurement>}
 */
export async function measureService(bench, rounds, devices, enrollments) {
  const enrolled = bench.folder();
  await dpsCerts(bench, enrolled, ["enroll", "fleet", "--devices", `${devices}`]);
  const rows = Array.from({ length: enrollments }, (_, index) => `device-${index},symmetricKey\n`);
  const csv = join(enrolled, "fleet.csv");
  writeFileSync(csv, `registrationId,attestation\n${rows.join("")}`);
  const measured = await takeTurns(rounds, {
    "device register --all": async () => {
      const folder = bench.folder();
      cpSync(enrolled, folder, { recursive: true });
      const time = await seconds(() => dpsCerts(bench, folder, ["device", "register", "--all"]));
      rmSync(folder, { recursive: true });
      return devices / time;
    },
    "enrollment import": async () => {
      const folder = bench.folder();
      const args = ["enrollment", "import", "--from", csv];
      const time = await seconds(() => dpsCerts(bench, folder, args));
      rmSync(folder, { recursive: true });
      return enrollments / time;
    },
  });
  const perRound = { "device register --all": devices, "enrollment import": enrollments };
  return { unit: "devices/s", rounds: measured, perRound };
}
