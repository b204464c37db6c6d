/** Paths whose intermediate constrains names, in any form; made in memory, so that many can be. */
import { AsnConvert } from "@peculiar/asn1-schema";
import {
  GeneralName,
  GeneralNames,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  NameConstraints,
  Name as NameSyntax,
  OtherName,
} from "@peculiar/asn1-x509";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { keyIdentifier } from "../x509/extensions.ts";
import type { Issuer } from "../x509/issue.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "../x509/library.ts";
import { provider, signingKey } from "../x509/provider.ts";
import { issue } from "./authority.ts";
import { DATES, intermediate, leaf, root } from "./paths.ts";

/** Of a key of its own, for a CA that bears another one's name is not self-signed. */
const spare = await issue("Spare", root, DATES);

/** Attributes in their order, one to a part: `[["O", "Factory"], ["CN", "dev-1"]]`. */
export type Attributes = readonly (readonly [type: string, value: string])[];

/** `dns:x`, `ip:10.0.0.0/8`, `email:x`, `uri:x`, `rid:1.2.3`, `other:1.2.3`, or a directory name. */
export type NameText = string | Attributes;

export interface NamedPath {
  permitted?: readonly NameText[];
  excluded?: readonly NameText[];
  /** The leaf's subject alternative names. */
  names?: readonly NameText[];
  /** Of the leaf. @default CN=dev-1 */
  subject?: Attributes;
  /** Of the CA's name constraints. @default true */
  critical?: boolean;
  /** Puts a maximum behind each permitted subtree. */
  maximum?: number;
  /** Of the CA. @default Named */
  caName?: string;
  /** Stands between the two: a CA of the same name, or of another. */
  between?: string;
}

export async function namedPath(request: NamedPath): Promise<Certificate[]> {
  const { subject = [["CN", "dev-1"]], names = [], caName = "Named", between } = request;
  const asCa = [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
  ];
  const asLeaf = [
    new BasicConstraintsExtension(false, undefined, false),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
  ];
  const caSubject: Attributes = [["CN", caName]];
  const ca = await make(caSubject, intermediate, root, [...asCa, ...constraints(request)]);
  const lower = between && (await make([["CN", between]], spare, ca, asCa));
  const end = await make(subject, leaf, lower || ca, [...asLeaf, ...alternatives(names, subject)]);
  const path = lower ? [end, lower, ca, root] : [end, ca, root];
  return path.map(({ certificate }) => certificate);
}

async function make(
  subject: Attributes,
  { certificate, privateKey }: Issuer,
  issuer: Issuer,
  extensions: Extension[],
): Promise<Issuer> {
  const { publicKey } = certificate.x509;
  const signer = await signingKey(issuer.privateKey);
  const own = keyIdentifier(publicKey);
  const authority = issuer.certificate.subjectKeyIdentifier ?? "";
  const made = await X509CertificateGenerator.create(
    {
      serialNumber: "0102030405060708",
      subject: directoryName(subject),
      issuer: issuer.certificate.subjectName,
      ...DATES,
      publicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
      signingKey: signer.key,
      signingAlgorithm: signer.algorithm,
      extensions: [
        ...extensions,
        new SubjectKeyIdentifierExtension(own, false),
        new AuthorityKeyIdentifierExtension(authority, false),
      ],
    },
    provider,
  );
  return { privateKey, certificate: parseCertificate(new Uint8Array(made.rawData)) };
}

const directoryName = (attributes: Attributes) =>
  new Name(attributes.map(([type, value]) => ({ [type]: [typed(type, value)] })));

const typed = (type: string, value: string) =>
  type === "E" ? { ia5String: value } : { utf8String: value };

function generalName(text: NameText): GeneralName {
  if (typeof text !== "string") {
    const der = directoryName(text).toArrayBuffer();
    return new GeneralName({ directoryName: AsnConvert.parse(der, NameSyntax) });
  }
  const [form = "", ...rest] = text.split(":");
  const value = rest.join(":");
  switch (form) {
    case "dns":
      return new GeneralName({ dNSName: value });
    case "ip":
      return new GeneralName({ iPAddress: value });
    case "email":
      return new GeneralName({ rfc822Name: value });
    case "uri":
      return new GeneralName({ uniformResourceIdentifier: value });
    case "rid":
      return new GeneralName({ registeredID: value });
    default: {
      const utf8 = Uint8Array.from([0x0c, 1, 0x78]).buffer;
      return new GeneralName({ otherName: new OtherName({ typeId: value, value: utf8 }) });
    }
  }
}

function alternatives(names: readonly NameText[], subject: Attributes): Extension[] {
  if (names.length === 0) return [];
  const value = AsnConvert.serialize(new GeneralNames(names.map(generalName)));
  // Critical where they are the only name (§4.2.1.6).
  return [new Extension(id_ce_subjectAltName, subject.length === 0, value)];
}

function constraints(request: NamedPath): Extension[] {
  const { permitted = [], excluded = [], critical = true, maximum } = request;
  const subtrees = (names: readonly NameText[], limit?: number) => {
    const of = (base: GeneralName) =>
      new GeneralSubtree({ base, ...(limit !== undefined && { maximum: limit }) });
    return new GeneralSubtrees(names.map((name) => of(generalName(name))));
  };
  const value = new NameConstraints({
    ...(permitted.length > 0 && { permittedSubtrees: subtrees(permitted, maximum) }),
    ...(excluded.length > 0 && { excludedSubtrees: subtrees(excluded) }),
  });
  return [new Extension(id_ce_nameConstraints, critical, AsnConvert.serialize(value))];
}
