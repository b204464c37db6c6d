/**
 * The service's rules for names. Ids are case-insensitive, and ASCII only: comparing them with
 * `toLowerCase` alone would fold the Kelvin sign into a `k`, so `idKey` is applied to valid ids only.
 */

/** Longest registration id and enrollment group id (service data plane, 2021-10-01). */
export const ID_MAX_LENGTH = 128;

/** Longest common name: X.520 `ub-common-name`. A device of an X.509 group is named by its CN. */
export const COMMON_NAME_MAX_LENGTH = 64;

const ID = /^[A-Za-z0-9\-._:]{0,127}[A-Za-z0-9-]$/;
const CERTIFICATE_NAME = /^[A-Za-z0-9\-._]{1,64}$/;

/** Says why `id` is no registration id or enrollment group id; undefined when it is one. */
export function idProblem(id: string): string | undefined {
  if (id.length === 0) return "it is empty";
  if (id.length > ID_MAX_LENGTH) return `it has ${id.length} characters; at most 128 are allowed`;
  if (!/^[A-Za-z0-9\-._:]*$/.test(id)) return "only letters, digits and - . _ : are allowed";
  if (!ID.test(id)) return "the last character must be a letter, a digit or -";
  return undefined;
}

/** Says why `id` cannot name an X.509 device: the id rule, and the 64 characters of a common name. */
export function deviceIdProblem(id: string): string | undefined {
  if (id.length > COMMON_NAME_MAX_LENGTH && id.length <= ID_MAX_LENGTH) {
    return `it has ${id.length} characters; the common name of a certificate holds 64`;
  }
  return idProblem(id);
}

/** Says why `name` is no name for a certificate in the service; undefined when it is one. */
export function certificateNameProblem(name: string): string | undefined {
  // A URL's path would take the two for steps.
  if (CERTIFICATE_NAME.test(name) && name !== "." && name !== "..") return undefined;
  return "a certificate name has 1 to 64 characters: letters, digits and - . _";
}

/** The form under which the service looks up a valid id. */
export function idKey(id: string): string {
  return id.toLowerCase();
}

/** Whether two ids name the same thing: both valid, and equal ignoring ASCII case. */
export function sameId(a: string, b: string): boolean {
  return ID.test(a) && ID.test(b) && idKey(a) === idKey(b);
}
