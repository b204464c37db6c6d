import { importCa } from "@dps-certs/ca-tools";
import { CliError } from "../errors.ts";
import { loadRoot, warnUnencrypted } from "./ca-steps.ts";
import { caState } from "./chain-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import { type OwnCa, ownCertificate } from "./own-ca.ts";
import type { Step } from "./step.ts";

/** Imports a CA of one's own as the top of the PKI folder. */
export function ownCaStep(input: EnrollInput, ownCa: OwnCa): Step {
  const { pki, now, report, newKeyPassword } = input;
  return {
    id: "root-ca",
    title: "own CA",
    inspect: async () => {
      const root = await loadRoot(input);
      if (root === undefined) return { done: false, plan: `import ${ownCa.file}` };
      const own = await ownCertificate(ownCa);
      if (own?.sha256 === root.certificate.sha256) return caState(root, input);
      throw new CliError(
        "drift",
        `the PKI folder has another CA than ${ownCa.file}: ${root.certificate.subject}, SHA-256 ${root.certificate.sha256}`,
        {
          hint: `choose another folder with --pki, or replace its chain with: ${importCommand(ownCa)} --force`,
        },
      );
    },
    run: async () => {
      const { password: own, ...material } = await ownCa.open();
      const password = newKeyPassword ?? own;
      await importCa(pki, { ...material, now: now(), ...(password && { password }) });
      if (password === undefined) warnUnencrypted(report);
    },
  };
}

const importCommand = ({ file, key }: OwnCa): string =>
  [
    "dps-certs ca import --ca",
    word(file),
    ...(key === undefined ? [] : ["--ca-key", word(key)]),
  ].join(" ");

/** As a shell takes it for one word. */
const word = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
