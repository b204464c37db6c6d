/** A password as the bytes that the schemes derive keys from. */
export interface PasswordBytes {
  /** For PKCS #5 (RFC 8018 §3). */
  utf8: Buffer;
  /** For PKCS #12: big-endian UTF-16 that ends with a NUL (RFC 7292 appendix B.1). */
  bmp: Buffer;
}

/**
 * The encodings of a password. The empty one has two: programs disagree whether its NUL is there.
 */
export function passwordEncodings(password: string): PasswordBytes[] {
  const utf8 = Buffer.from(password, "utf8");
  const terminated = { utf8, bmp: Buffer.from(`${password}\0`, "utf16le").swap16() };
  return password === "" ? [terminated, { utf8, bmp: Buffer.alloc(0) }] : [terminated];
}
