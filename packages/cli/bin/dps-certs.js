#!/usr/bin/env node
import { main } from "../dist/main.js";

const status = await main(process.argv.slice(2));
// A result that could not be written has set one already.
process.exitCode ||= status;
