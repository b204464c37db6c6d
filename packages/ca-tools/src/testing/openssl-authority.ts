/** The same authority as certgen's, run by the openssl command: what `openssl req` and `openssl ca` make of it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Outcome, openssl, tryOpenssl } from "./openssl.ts";

const STEMS = {
  root: "azure-iot-test-only.root.ca",
  intermediate: "azure-iot-test-only.intermediate",
} as const;
export type Signer = keyof typeof STEMS;

const SECTIONS = `
[nobody]
[only_a_name]
commonName=supplied
[req]
distinguished_name=nobody
string_mask=utf8only
[authority]
keyUsage=critical,keyCertSign,cRLSign,digitalSignature
basicConstraints=critical,CA:TRUE
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid:always
[client]
extendedKeyUsage=clientAuth,emailProtection
keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment
nsCertType=client,email
nsComment=OpenSSL Generated Client Certificate
basicConstraints=CA:FALSE
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
`;

function configuration(signer: Signer): string {
  const stem = STEMS[signer];
  const lines = [
    ...["[ca]", "default_ca=signer", "[signer]", "database=index.txt", "serial=serial"],
    ...["new_certs_dir=newcerts", "crlnumber=crlnumber", "default_md=sha256"],
    ...["policy=only_a_name", `certificate=certs/${stem}.cert.pem`],
    ...[`private_key=private/${stem}.key.pem`, "default_crl_days=1"],
  ];
  return `${lines.join("\n")}\n${SECTIONS}`;
}

export interface OpensslAuthority {
  /** Begins the folder: both CAs, keys encrypted with 1234, `unique_subject = yes`. */
  begin: () => void;
  /** Makes key, request and certificate under this stem. */
  issue: (request: SignRequest) => Outcome;
  /** `openssl ca` with other arguments. */
  ca: (signer: Signer, ...args: string[]) => Outcome;
  /** Arguments that give the password of the CA keys. */
  passwordArgs: readonly string[];
}

export interface SignRequest {
  signer: Signer;
  commonName: string;
  extensions: "authority" | "client";
  /** Beginning of the names of its files. */
  stem: string;
}

/** @param outside - folder for the configuration and the password */
export function opensslAuthority(folder: string, outside: string): OpensslAuthority {
  const at = (name: string) => join(outside, name);
  for (const signer of ["root", "intermediate"] as const) {
    writeFileSync(at(`${signer}.cnf`), configuration(signer));
  }
  // Where one command reads it twice, openssl goes on to the next line.
  writeFileSync(at("password"), "1234\n1234\n");
  const passwordArgs = ["-passin", `file:${at("password")}`];
  const curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const encrypted = ["-aes256", "-pass", `file:${at("password")}`];
  const key = (stem: string, ...args: string[]) =>
    openssl(["genpkey", ...curve, ...args, "-out", `private/${stem}.key.pem`], folder);
  const request = (stem: string, commonName: string, ...args: string[]) =>
    openssl(
      [
        ...["req", "-new", "-sha256", "-config", at("root.cnf"), "-subj", `/CN=${commonName}`],
        ...["-key", `private/${stem}.key.pem`, ...passwordArgs, ...args],
      ],
      folder,
    );
  const ca: OpensslAuthority["ca"] = (signer, ...args) =>
    tryOpenssl(["ca", "-batch", "-config", at(`${signer}.cnf`), ...passwordArgs, ...args], folder);
  const sign = ({ signer, extensions, stem }: Omit<SignRequest, "commonName">) =>
    ca(
      signer,
      ...["-extensions", extensions, "-days", "30", "-notext"],
      ...["-in", `csr/${stem}.csr.pem`, "-out", `certs/${stem}.cert.pem`],
    );
  return {
    passwordArgs,
    ca,
    begin: () => {
      for (const name of ["certs", "private", "csr", "newcerts"]) mkdirSync(join(folder, name));
      writeFileSync(join(folder, "index.txt"), "");
      writeFileSync(join(folder, "serial"), "01\n");
      key(STEMS.root, ...encrypted);
      key(STEMS.intermediate, ...encrypted);
      const self = ["-x509", "-days", "30", "-extensions", "authority"];
      const certificate = `certs/${STEMS.root}.cert.pem`;
      request(STEMS.root, "Azure IoT Hub CA Cert Test Only", ...self, "-out", certificate);
      const stem = STEMS.intermediate;
      const name = "Azure IoT Hub Intermediate Cert Test Only";
      request(stem, name, "-out", `csr/${stem}.csr.pem`);
      const { status, output } = sign({ signer: "root", extensions: "authority", stem });
      if (status !== 0) throw new Error(output);
    },
    issue: ({ commonName, ...rest }) => {
      key(rest.stem);
      request(rest.stem, commonName, "-out", `csr/${rest.stem}.csr.pem`);
      return sign(rest);
    },
  };
}
