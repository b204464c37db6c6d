import { describeItem } from "./describe.ts";
import { type Item, type ReadOptions, readItems } from "./items.ts";
import { linkItems } from "./links.ts";
import type { Inspected } from "./types.ts";

/**
 * Says what an input holds: certificates, requests, keys, CRLs, PFX files, bundles, in PEM, DER or
 * base64. Nothing of a private key is told but its kind and whose it is.
 *
 * @param input - at most 1 MiB, or 16 MiB of a CRL
 * @returns in the order of the input; what cannot be read is an entry of its own with its error
 */
export async function inspect(input: Uint8Array, options: ReadOptions = {}): Promise<Inspected[]> {
  return describeItems(await readItems(input, options));
}

/** Describes what was read from several inputs as one: issuers and keys are looked for in all of them. */
export function describeItems(items: readonly Item[]): Inspected[] {
  const links = linkItems(items);
  return items.map((item) => describeItem(item, links));
}
