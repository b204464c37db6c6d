/**
 * Loaded before a program that cannot be told a port: what it asks of localhost at 443 goes to the
 * port that EMULATOR_PORT names. The program itself stays as it is.
 */
import { createRequire } from "node:module";

const tls = createRequire(import.meta.url)("node:tls");
const { connect } = tls;
tls.connect = (options, ...rest) => {
  const isOurs = options?.host === "localhost" && Number(options.port) === 443;
  return connect(
    isOurs ? { ...options, port: Number(process.env.EMULATOR_PORT) } : options,
    ...rest,
  );
};
