import type { Certificate } from "@dps-certs/ca-tools";
import { deviceIdProblem, sameId } from "@dps-certs/dps-protocol";
import { quote } from "../../args.ts";
import type { Found } from "./certificate.ts";

/** The common name is the registration id, compared without regard to case. */
export function nameRules(leaf: Certificate, registrationId: string | undefined): Found[] {
  const names = leaf.subjectName.getField("CN");
  const [name = ""] = names;
  const about = { certificate: leaf };
  if (names.length > 1) {
    const message = `the subject has ${names.length} common names: ${names.map(quote).join(", ")}`;
    return [{ code: "several-common-names", ...about, message }];
  }
  if (name === "") {
    const is = names.length === 0 ? "has no common name" : "has an empty common name";
    const subject = leaf.subject === "" ? "the subject" : leaf.subject;
    return [{ code: "no-common-name", ...about, message: `${subject} ${is}` }];
  }
  const problem = deviceIdProblem(name);
  if (problem !== undefined) {
    const message = `the common name ${quote(name)} cannot be a registration id: ${problem}`;
    return [{ code: "invalid-registration-id", ...about, message }];
  }
  const found: Found[] = [];
  if (registrationId !== undefined && !sameId(name, registrationId)) {
    const message = `the common name ${quote(name)} is not the registration id ${quote(registrationId)}: DPS answers 401002`;
    found.push({ code: "registration-id-mismatch", ...about, message });
  }
  if (/[A-Z]/.test(name)) {
    const message = `the registration id ${quote(name)} has upper-case letters`;
    found.push({ code: "upper-case-id", ...about, message });
  }
  return found;
}
