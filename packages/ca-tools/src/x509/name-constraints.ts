import type { Certificate } from "./certificate.ts";
import { type ReadName, showGeneralName } from "./general-names.ts";
import { formOf, matches } from "./name-constraints-match.ts";
import { constraintsOf, namesOf } from "./name-constraints-names.ts";
import type { ReadNameConstraints } from "./name-constraints-read.ts";

/**
 * Comparisons of a name with a subtree made for one certificate: bounds the work that a hostile
 * path can ask for.
 */
export const MAX_NAME_COMPARISONS: number = 2 ** 14;

/**
 * Holds the names of a certificate against the name constraints of every certificate above it
 * (RFC 5280 §6.1.3 (b) and (c)). A name must lie in what each of them permits and outside what any
 * of them excludes, which is what §6.1.4 (g) collects on the way down.
 *
 * Every constraint is read, critical or not. A form of name that is not processed refuses the path
 * where it is constrained and occurs.
 *
 * @param issuers - from the certificate's issuer up to the trust anchor, which is included
 * @param hostFromCommonName - see {@link namesOf}
 * @returns what is wrong, as the end of a sentence about the subject
 */
export function nameViolation(
  certificate: Certificate,
  issuers: readonly Certificate[],
  hostFromCommonName: boolean,
): string | undefined {
  const constrained = issuers.flatMap((issuer) => {
    const constraints = issuer.nameConstraints && constraintsOf(issuer);
    return constraints ? [{ issuer, constraints }] : [];
  });
  if (constrained.length === 0) return undefined;
  const names = namesOf(certificate, hostFromCommonName);
  const subtrees = constrained.flatMap(({ constraints: { permitted, excluded } }) => [
    ...permitted,
    ...excluded,
  ]);
  if (names.length * subtrees.length > MAX_NAME_COMPARISONS) {
    return `has ${names.length} names below ${subtrees.length} name constraints, which is too many`;
  }
  for (const { issuer, constraints } of constrained) {
    const problem = violation(names, constraints, issuer.subject);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function violation(
  names: readonly ReadName[],
  { permitted, excluded }: ReadNameConstraints,
  issuer: string,
): string | undefined {
  if ([...permitted, ...excluded].some(({ isLimited }) => isLimited)) {
    return `lies below ${issuer}, which limits the depth of its name constraints (§4.2.1.10)`;
  }
  for (const name of names) {
    const form = formOf(name);
    const of = (list: typeof permitted) => list.filter(({ base }) => formOf(base) === form);
    const allowed = of(permitted).map(({ base }) => matches(name, base, false));
    const refused = of(excluded).map(({ base }) => matches(name, base, true));
    if ([...allowed, ...refused].includes("unknown")) {
      return `bears ${show(name)}, which cannot be held against the name constraints of ${issuer}`;
    }
    const isOutside = allowed.length > 0 && !allowed.includes("yes");
    if (isOutside || refused.includes("yes")) {
      return `bears ${show(name)}, which ${issuer} does not permit`;
    }
  }
  return undefined;
}

/** Names of others can be as long as they like. */
function show(name: ReadName): string {
  const { type, value } = showGeneralName(name);
  const shown = value.length > 100 ? `${value.slice(0, 100)}…` : value;
  return `the ${type} name ${JSON.stringify(shown)}`;
}
