/**
 * ASN.1 of password-based encryption, which the library does not export: PBES2 and PBKDF2 (RFC 8018
 * appendix A), scrypt (RFC 7914 §7) and the schemes of PKCS #12 (RFC 7292 appendix C).
 *
 * The library describes structures by decorators; they are called as functions here because Node
 * can strip types but not decorators.
 */
import {
  AsnConstructedOctetStringConverter,
  AsnIntegerConverter,
  AsnProp,
  AsnPropTypes,
  type IAsnConverter,
  OctetString,
} from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";

export const HMAC_WITH_SHA1 = "1.2.840.113549.2.7";

/**
 * An integer, or infinity for one of more than six bytes. The library would turn it into decimal
 * text, in a time that grows with the square of its length.
 */
const boundedInteger: IAsnConverter<number> = {
  fromASN: (value) => {
    const bytes = (value.valueBlock as { valueHexView?: Uint8Array }).valueHexView;
    return bytes === undefined || bytes.length > 6
      ? Number.POSITIVE_INFINITY
      : Buffer.from(bytes).readIntBE(0, bytes.length);
  },
  toASN: (value) => AsnIntegerConverter.toASN(value),
};

interface Property<T> {
  type: T;
  converter: IAsnConverter;
}

export const INTEGER: Property<AsnPropTypes> = {
  type: AsnPropTypes.Integer,
  converter: boundedInteger as IAsnConverter,
};

/** Also one in pieces (BER, X.690 §8.7), which old programs write into PFX files. */
export const OCTETS: Property<typeof OctetString> = {
  type: OctetString,
  converter: AsnConstructedOctetStringConverter as IAsnConverter,
};

export class Pbes2Parameters {
  keyDerivation: AlgorithmIdentifier = new AlgorithmIdentifier();
  encryption: AlgorithmIdentifier = new AlgorithmIdentifier();
}
AsnProp({ type: AlgorithmIdentifier })(Pbes2Parameters.prototype, "keyDerivation");
AsnProp({ type: AlgorithmIdentifier })(Pbes2Parameters.prototype, "encryption");

export class Pbkdf2Parameters {
  salt: OctetString = new OctetString();
  rounds: number = 0;
  keyLength?: number;
  pseudoRandom: AlgorithmIdentifier = new AlgorithmIdentifier({
    algorithm: HMAC_WITH_SHA1,
    parameters: null,
  });
}
AsnProp(OCTETS)(Pbkdf2Parameters.prototype, "salt");
AsnProp(INTEGER)(Pbkdf2Parameters.prototype, "rounds");
AsnProp({ ...INTEGER, optional: true })(Pbkdf2Parameters.prototype, "keyLength");
AsnProp({ type: AlgorithmIdentifier, optional: true })(Pbkdf2Parameters.prototype, "pseudoRandom");

export class ScryptParameters {
  salt: OctetString = new OctetString();
  cost: number = 0;
  blockSize: number = 0;
  parallelization: number = 0;
  keyLength?: number;
}
AsnProp(OCTETS)(ScryptParameters.prototype, "salt");
AsnProp(INTEGER)(ScryptParameters.prototype, "cost");
AsnProp(INTEGER)(ScryptParameters.prototype, "blockSize");
AsnProp(INTEGER)(ScryptParameters.prototype, "parallelization");
AsnProp({ ...INTEGER, optional: true })(ScryptParameters.prototype, "keyLength");

export class Pkcs12PbeParameters {
  salt: OctetString = new OctetString();
  rounds: number = 0;
}
AsnProp(OCTETS)(Pkcs12PbeParameters.prototype, "salt");
AsnProp(INTEGER)(Pkcs12PbeParameters.prototype, "rounds");
