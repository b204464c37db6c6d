/**
 * Programs that a user would call once for each certificate, in a shell's loop.
 *
 * @import { Contender, Bench } from "./contenders.js"
 */
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./processes.js";

/** @param {string} body - with the device's number in $i */
const loop = (body) => `i=0; while [ $i -lt "$1" ]; do\n${body}\ni=$((i+1)); done`;

/**
 * @param {Bench} bench
 * @param {string} folder
 * @param {string} script
 * @param {...string} args
 */
const shell = ({ env }, folder, script, ...args) =>
  run("sh", ["-ec", script, "sh", ...args], { cwd: folder, env: { ...env, CAROOT: folder } });

/** @param {Bench} bench @param {string} program @param {...string} args */
const firstLine = async ({ env }, program, ...args) => {
  const text = await run(program, args, { cwd: ".", env });
  return text.split(/\n| \(/)[0] ?? "";
};

const OPENSSL_CONFIG = `[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[device]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;
const OPENSSL = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30";

/** @param {Bench} bench @returns {Contender} */
export const openssl = (bench) => ({
  name: "openssl",
  note: "one `openssl req -x509 -newkey ec -CA …` for each",
  version: () => firstLine(bench, "openssl", "version"),
  chain: (folder) => {
    writeFileSync(join(folder, "openssl.cnf"), OPENSSL_CONFIG);
    const script = `
${OPENSSL} -config openssl.cnf -extensions ca -subj "/CN=Root" -keyout root.key -out root.pem
${OPENSSL} -config openssl.cnf -extensions ca -subj "/CN=Intermediate" -CA root.pem -CAkey root.key \\
  -keyout intermediate.key -out intermediate.pem`;
    return () => shell(bench, folder, script);
  },
  devices: (folder, count) => {
    writeFileSync(join(folder, "openssl.cnf"), OPENSSL_CONFIG);
    const { certificate, key } = bench.authority;
    const one = `${OPENSSL} -config openssl.cnf -extensions device -subj "/CN=device-$i" \\
  -CA "$2" -CAkey "$3" -keyout "device-$i.key" -out "device-$i.pem"`;
    return () => shell(bench, folder, loop(one), `${count}`, certificate, key);
  },
  perRound: 150,
});

const CERTTOOL_KEY = "certtool --generate-privkey --key-type ecdsa --curve secp256r1 --no-text";
const CERTTOOL = "certtool --no-text --template template";

/** @param {Bench} bench @returns {Contender} */
export const certtool = (bench) => ({
  name: "certtool (GnuTLS)",
  note: "two processes for each",
  version: () => firstLine(bench, "certtool", "--version"),
  chain: (folder) => {
    const script = `
printf 'cn = "Root"\\nexpiration_days = 30\\nca\\ncert_signing_key\\n' > template
${CERTTOOL_KEY} --outfile root.key
${CERTTOOL} --generate-self-signed --load-privkey root.key --outfile root.pem
printf 'cn = "Intermediate"\\nexpiration_days = 30\\nca\\ncert_signing_key\\n' > template
${CERTTOOL_KEY} --outfile intermediate.key
${CERTTOOL} --generate-certificate --load-privkey intermediate.key --outfile intermediate.pem \\
  --load-ca-certificate root.pem --load-ca-privkey root.key`;
    return () => shell(bench, folder, script);
  },
  devices: (folder, count) => {
    const { certificate, key } = bench.authority;
    const one = `
printf 'cn = "device-%s"\\nexpiration_days = 30\\ntls_www_client\\nsigning_key\\n' $i > template
${CERTTOOL_KEY} --outfile "device-$i.key"
${CERTTOOL} --generate-certificate --load-privkey "device-$i.key" --outfile "device-$i.pem" \\
  --load-ca-certificate "$2" --load-ca-privkey "$3"`;
    return () => shell(bench, folder, loop(one), `${count}`, certificate, key);
  },
  perRound: 50,
});

const cfsslRequest = (/** @type {string} */ name) =>
  `{"CN":"${name}","key":{"algo":"ecdsa","size":256}}`;
const CFSSL_CONFIG = {
  signing: {
    default: { expiry: "720h" },
    profiles: {
      device: { expiry: "720h", usages: ["digital signature", "client auth"] },
      ca: { expiry: "720h", usages: ["cert sign", "crl sign"], ca_constraint: { is_ca: true } },
    },
  },
};

/** @param {Bench} bench @returns {Contender} */
export const cfssl = (bench) => ({
  name: "cfssl",
  note: "one process for each",
  version: async () => {
    const text = await run("cfssl", ["version"], { cwd: ".", env: bench.env });
    return text.replace(/\s+/g, " ").trim();
  },
  chain: (folder) => {
    writeFileSync(join(folder, "config.json"), JSON.stringify(CFSSL_CONFIG));
    const script = `
printf '%s' '${cfsslRequest("Root")}' | cfssl gencert -initca - | cfssljson -bare root
printf '%s' '${cfsslRequest("Intermediate")}' | cfssl gencert -ca root.pem -ca-key root-key.pem \\
  -config config.json -profile ca - | cfssljson -bare intermediate`;
    return () => shell(bench, folder, script);
  },
  devices: (folder, count) => {
    writeFileSync(join(folder, "config.json"), JSON.stringify(CFSSL_CONFIG));
    const { certificate, key } = bench.authority;
    const one = `printf '${cfsslRequest("device-%s")}' $i |
  cfssl gencert -ca "$2" -ca-key "$3" -config config.json -profile device - > "device-$i.json"`;
    return () => shell(bench, folder, loop(one), `${count}`, certificate, key);
  },
  perRound: 50,
});

/** @param {Bench} bench @returns {Contender} */
export const mkcert = (bench) => ({
  name: "mkcert",
  note: "one process for each; its certificates have the name in a SAN only, where DPS does not look, and it makes no intermediate CA",
  version: () => firstLine(bench, "mkcert", "-version"),
  devices: (folder, count) => {
    copyFileSync(bench.authority.certificate, join(folder, "rootCA.pem"));
    copyFileSync(bench.authority.key, join(folder, "rootCA-key.pem"));
    const one = `mkcert -ecdsa -client -cert-file "device-$i.pem" -key-file "device-$i.key" "device-$i"`;
    return () => shell(bench, folder, loop(one), `${count}`);
  },
  perRound: 50,
});
