import { generate } from "selfsigned";

const DAY_MS = 86_400_000;

/** @param {{ certificate: string, privateKey: string }} pair - it reads them anew each time */
export const open = ({ certificate, privateKey }) => ({ cert: certificate, key: privateKey });

/** @param {string} commonName @param {ReturnType<typeof open> | undefined} ca @param {boolean} isCa */
export const issue = async (commonName, ca, isCa) => {
  const made = await generate([{ name: "commonName", value: commonName }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notAfterDate: new Date(Date.now() + 30 * DAY_MS),
    extensions: [
      { name: "basicConstraints", cA: isCa, critical: true },
      ...(isCa ? [] : [{ name: "extKeyUsage", clientAuth: true }]),
    ],
    ...(ca && { ca }),
  });
  return { certificate: made.cert, privateKey: made.private };
};
