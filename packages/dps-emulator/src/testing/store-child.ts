/**
 * A second process for the store's tests: `node child.js <task> <state folder> [count]`. RUN_AS names
 * a user that it becomes once its modules are loaded, which that user may not be able to read.
 */
import { randomBytes } from "node:crypto";
import Database from "libsql";
import { EmulatorError } from "../errors.ts";
import { ensureService } from "../provisioning-service.ts";
import { openFileStore } from "../store/file-store.ts";
import { ensureTlsIdentity } from "../tls-identity.ts";

const [, , task, folder = "", count = "0"] = process.argv;
const tell = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

function becomeAnotherUser(): void {
  const user = Number(process.env.RUN_AS ?? 0);
  if (user === 0) return;
  // The native part is loaded at its first use.
  new Database(":memory:").close();
  process.setgid?.(user);
  process.setuid?.(user);
}

async function run(): Promise<void> {
  becomeAnotherUser();
  const store = await openFileStore(folder);
  const increment = () =>
    store.write((writer) => {
      const next = ((writer.get("count") as number | undefined) ?? 0) + 1;
      writer.put("count", next);
      return next;
    });
  if (task === "increment") for (let n = 0; n < Number(count); n += 1) increment();
  // Tells each number after its transaction: what was told must outlive a kill.
  if (task === "forever") for (;;) tell(increment());
  if (task === "first-start") {
    const { nonce, idScope } = ensureService(store, randomBytes);
    const { certificatePem } = await ensureTlsIdentity(store, new Date());
    tell({ nonce, idScope, certificatePem });
  }
  store.close();
}

run().catch((error: unknown) => {
  const { code, message } = error as EmulatorError;
  tell(error instanceof EmulatorError ? { code, message } : { unexpected: String(error) });
  process.exitCode = 1;
});
