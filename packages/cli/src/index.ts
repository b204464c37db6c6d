export { CliError, type CliErrorCode } from "./errors.ts";
export { enroll } from "./flow/enroll.ts";
export type { EnrollInput, VerifyCa } from "./flow/enroll-options.ts";
export type { StepResult } from "./flow/step.ts";
export type { Io } from "./io.ts";
export { main } from "./main.ts";
export { createReporter, type Reporter, type ReporterOptions } from "./output/reporter.ts";
export { type Connection, connectEmulator } from "./target/connection.ts";
