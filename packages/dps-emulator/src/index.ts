export { EmulatorError, type EmulatorErrorCode } from "./errors.ts";
export type { OnError } from "./http/answer.ts";
export {
  type Emulator,
  type ServerSettings,
  type StartOptions,
  type StateOptions,
  startEmulator,
} from "./start.ts";
export { VERSION } from "./version.ts";
