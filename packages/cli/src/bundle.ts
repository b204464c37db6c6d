/** What the bundle gives: the command line; and its commands, for those who make and test the bundle. */
export { COMMANDS, GROUPS } from "./catalogue.ts";
export { main } from "./main.ts";
