#!/usr/bin/env node
"use strict";
const { isFresh, loadBundle } = require("./bundle.js");

const run = async () => {
  const { main } = isFresh() ? loadBundle() : await import("../dist/main.js");
  return await main(process.argv.slice(2));
};

/** @param {number} status */
const end = (status) => {
  // A result that could not be written has set one already, or does so in this turn.
  process.exitCode ||= status;
  setImmediate(() => {
    const { stdout, stderr } = process;
    // Taking the heap apart costs a tenth of a short command. Pipes may take their time.
    if (stdout.writableLength + stderr.writableLength === 0) process.exit();
  });
};

run().then(end, (error) => {
  process.exitCode = 1;
  process.stderr.write(`${error.stack}\n`);
});
