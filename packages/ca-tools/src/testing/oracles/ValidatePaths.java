import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;

/**
 * Java's PKIX validator over a folder of paths: each file holds one in PEM, leaf first and trust
 * anchor last. Prints a line for each: the file's name, a tab, OK or the reason.
 */
class ValidatePaths {
  public static void main(String[] args) throws Exception {
    Date at = new Date(Long.parseLong(args[1]));
    try (var files = Files.list(Path.of(args[0]))) {
      for (Path file : (Iterable<Path>) files.sorted()::iterator) {
        System.out.println(file.getFileName() + "\t" + verdict(file, at));
      }
    }
  }

  static String verdict(Path file, Date at) {
    try (InputStream pem = new FileInputStream(file.toFile())) {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      List<X509Certificate> path = new ArrayList<>();
      for (var certificate : factory.generateCertificates(pem)) {
        path.add((X509Certificate) certificate);
      }
      X509Certificate anchor = path.remove(path.size() - 1);
      // The constraints of an anchor count only when they are given apart.
      byte[] wrapped = anchor.getExtensionValue("2.5.29.30");
      byte[] constraints = wrapped == null ? null : unwrapped(wrapped);
      PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(anchor, constraints)));
      parameters.setRevocationEnabled(false);
      parameters.setDate(at);
      CertPath certPath = factory.generateCertPath(path);
      CertPathValidator.getInstance("PKIX").validate(certPath, parameters);
      return "OK";
    } catch (Exception refused) {
      return String.valueOf(refused.getMessage()).replaceAll("\\s+", " ");
    }
  }

  /** Content of an OCTET STRING. */
  static byte[] unwrapped(byte[] der) {
    int header = (der[1] & 0x80) == 0 ? 2 : 2 + (der[1] & 0x7f);
    return java.util.Arrays.copyOfRange(der, header, der.length);
  }
}
