import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

type Derive = typeof crypto.pbkdf2;

const marked = crypto as { derivations?: Map<string, Promise<Buffer>> };

/**
 * Derives each key from its password once a worker. What was encrypted is opened again and again, and
 * 600,000 rounds are a fifth of a second each time.
 */
if (marked.derivations === undefined) {
  const known = new Map<string, Promise<Buffer>>();
  marked.derivations = known;
  const derive = crypto.pbkdf2;
  const remember: Derive = (password, salt, rounds, size, digest, done) => {
    const key = JSON.stringify([password, salt, rounds, size, digest]);
    const derived =
      known.get(key) ??
      new Promise<Buffer>((resolve, reject) => {
        derive(password, salt, rounds, size, digest, (error, bytes) =>
          error ? reject(error) : resolve(bytes),
        );
      });
    known.set(key, derived);
    derived.then(
      // Whoever asks may wipe what it was given.
      (bytes) => done(null, Buffer.from(bytes)),
      (error) => done(error, Buffer.alloc(0)),
    );
  };
  crypto.pbkdf2 = remember;
  syncBuiltinESMExports();
}
