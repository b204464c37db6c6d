/** What the page has to say to each measurement. */

/**
 * @typedef {object} Section
 * @property {string} id - of the measurement
 * @property {string} title
 * @property {string} text
 * @property {string} [base] - what the others are held against, if anything
 * @property {string} [plotTitle] - none has no plot
 */

export const OURS = "dps-certs";

/** @type {readonly Section[]} */
export const SECTIONS = [
  {
    id: "devices",
    title: "Devices",
    text: "A P-256 key and a certificate for each device, by one CA with a P-256 key. Whole processes, start-up included; each makes about as many devices as it can in a second.",
    base: OURS,
    plotTitle: "Devices a second (logarithmic)",
  },
  {
    id: "chain",
    title: "A chain",
    text: "From an empty folder to a root and an intermediate CA with P-256 keys, in files. Whole processes.",
    base: OURS,
    plotTitle: "Time for a root and an intermediate CA (logarithmic)",
  },
  {
    id: "files",
    title: "A hundred devices as files",
    text: "Whole processes. `dps-certs` flushes what it writes, keeps its lists of certificates, and goes on after a crash; `openssl req -x509` does none of this.",
    base: OURS,
  },
  {
    id: "start",
    title: "Start-up",
    text: "Whole processes, each in an empty folder. *First time* is with nothing kept of what V8 compiled at an earlier run. `enroll` starts the emulator, makes a chain, uploads it, proves possession and creates the group.",
    base: "node -e 0",
    plotTitle: "Time of a whole command (logarithmic)",
  },
  {
    id: "startPlain",
    title: "Start-up without NODE_EXTRA_CA_CERTS",
    text: "That variable was set in this run: every process of Node then reads certificates before it does anything, in the table above. These are without it.",
    base: "node -e 0",
  },
  {
    id: "oneThread",
    title: "In memory, one thread",
    text: "The bare limit is an ECDH key and a signature, and nothing else. The general route is the library's, which the template is compiled from.",
    base: "bare limit",
    plotTitle: "Devices a second in memory, one thread (logarithmic)",
  },
  {
    id: "workers",
    title: "In memory, workers",
    text: "Once they run. The thread that hands out the work and takes the results needs its part of a core too.",
    base: "one worker",
  },
  {
    id: "eventLoop",
    title: "How long the event loop is held",
    text: "The longest that a timer of one millisecond was late in each round.",
  },
  {
    id: "rsa",
    title: "The keys of an RSA-4096 chain",
    text: "Two keys, for a root and an intermediate CA. How long one takes is chance; so the bar holds the sums of all rounds against each other.",
    base: "one after the other",
  },
  {
    id: "memory",
    title: "Memory",
    text: "The most that was resident of `device create --as ndjson`, with a program that reads the devices.",
  },
  {
    id: "service",
    title: "The emulator",
    text: "Whole processes of one command with the embedded emulator in it, its state on disk. A registration is a TLS connection of its own with the device's certificate, a request and a poll; enrollments go ten a request.",
  },
];
