import { type Certificate, importCa, isIssuedBy, type KnownCa } from "@dps-certs/ca-tools";
import { CliError } from "../errors.ts";
import { caState, loadRoot, warnUnencrypted } from "./ca-steps.ts";
import type { EnrollInput } from "./enroll-options.ts";
import type { OwnCa } from "./own-ca.ts";
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
      if (await isSame(root, ownCa)) return caState(root, input);
      throw new CliError(
        "drift",
        `the PKI folder has another CA than ${ownCa.file}: ${root.certificate.subject}, SHA-256 ${root.certificate.sha256}`,
        {
          hint: "choose another folder with --pki, or replace its chain with: dps-certs ca import --force",
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

/** Without its password where that can be told from the certificates alone. */
async function isSame({ certificate }: KnownCa, ownCa: OwnCa): Promise<boolean> {
  const { certificates } =
    ownCa.certificates.length > 0 ? ownCa : { certificates: (await ownCa.open()).certificates };
  return lowest(certificates)?.sha256 === certificate.sha256;
}

/** The others are above it, which is checked when it is opened. */
const lowest = (certificates: readonly Certificate[]) =>
  certificates.find((one) =>
    certificates.every((other) => other.sha256 === one.sha256 || !isIssuedBy(other, one)),
  );
