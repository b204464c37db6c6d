/** Java's PKCS #12, in both directions. Its start costs a second, so one process does all cases. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { issue, rootCa } from "../../testing/authority.ts";
import { has } from "../../testing/programs.ts";
import { scratch } from "../../testing/scratch.ts";
import { generateKeyPair } from "../keys.ts";
import { readPfx } from "./read.ts";
import { writePfx } from "./write.ts";

const PASSWORD = "pass word 1234";

/** Prints what is in each file that it is given, and writes it anew as new and as old Java does. */
const PROGRAM = `
import java.io.*;
import java.security.*;
import java.security.cert.Certificate;

class Stores {
  public static void main(String[] files) throws Exception {
    char[] password = new BufferedReader(new InputStreamReader(System.in)).readLine().toCharArray();
    for (String file : files) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      try (InputStream in = new FileInputStream(file)) { store.load(in, password); }
      for (String alias : java.util.Collections.list(store.aliases())) {
        Key key = store.getKey(alias, password);
        Certificate[] chain = store.getCertificateChain(alias);
        System.out.println(file + " " + alias + " " + key.getAlgorithm() + " " + chain.length);
      }
      write(store, file + ".new", password);
      System.setProperty("keystore.pkcs12.legacy", "");
      write(store, file + ".old", password);
      System.clearProperty("keystore.pkcs12.legacy");
    }
  }

  static void write(KeyStore from, String file, char[] password) throws Exception {
    KeyStore to = KeyStore.getInstance("PKCS12");
    to.load(null, null);
    for (String alias : java.util.Collections.list(from.aliases())) {
      to.setKeyEntry(alias, from.getKey(alias, password), password, from.getCertificateChain(alias));
    }
    try (OutputStream out = new FileOutputStream(file)) { to.store(out, password); }
  }
}
`;

it.skipIf(!has("java"))(
  "reads and is read by Java, EC and RSA, modern and legacy",
  { timeout: 60_000 },
  async () => {
    const folder = scratch();
    const root = await rootCa("Factory Root CA");
    const intermediate = await issue("Factory Intermediate CA", root);
    const names = ["ec-modern", "ec-legacy", "rsa-modern", "rsa-legacy"] as const;
    const keys = { ec: await generateKeyPair(), rsa: await generateKeyPair("rsa-2048") };
    const leaves = {
      ec: await issue("dev-1", intermediate, { profile: "device", keys: keys.ec }),
      rsa: await issue("dev-2", intermediate, { profile: "device", keys: keys.rsa }),
    };
    for (const name of names) {
      const [kind, form] = name.split("-") as ["ec" | "rsa", "legacy" | "modern"];
      const leaf = leaves[kind];
      const pfx = await writePfx({
        privateKey: leaf.privateKey,
        certificates: [leaf, intermediate, root].map(({ certificate }) => certificate),
        password: PASSWORD,
        friendlyName: `name-${kind}`,
        form,
      });
      writeFileSync(join(folder, name), pfx);
    }
    writeFileSync(join(folder, "Stores.java"), PROGRAM);
    const { stdout, stderr } = spawnSync(
      "java",
      ["-XX:TieredStopAtLevel=1", "Stores.java", ...names],
      {
        cwd: folder,
        input: `${PASSWORD}\n`,
        encoding: "utf8",
      },
    );
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toEqual([
      "ec-modern name-ec EC 3",
      "ec-legacy name-ec EC 3",
      "rsa-modern name-rsa RSA 3",
      "rsa-legacy name-rsa RSA 3",
    ]);
    for (const name of names) {
      const leaf = leaves[name.startsWith("ec") ? "ec" : "rsa"];
      for (const ending of ["new", "old"]) {
        const bytes = readFileSync(join(folder, `${name}.${ending}`));
        const read = await readPfx(bytes, { password: () => Promise.resolve(PASSWORD) });
        expect(read.privateKey?.equals(leaf.privateKey)).toBe(true);
        expect(read.certificates.map(({ sha256 }) => sha256)).toEqual(
          [leaf, intermediate, root].map(({ certificate }) => certificate.sha256),
        );
      }
    }
  },
);
