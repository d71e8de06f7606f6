import { must } from "../../../scripts/run.ts";

/** Makes an authority, and a certificate of it for `localhost` alone, in a folder. */
export async function makeCertificate(folder: string): Promise<void> {
  const openssl = opensslIn(folder);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await openssl(
    ...["req", "-x509", ...newKey, "-keyout", "ca-key.pem", "-out", "ca.pem", "-days", "2"],
    ...["-subj", "/CN=an authority of the test's own"],
    ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  );
  await openssl(
    ...["req", ...newKey, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=postgres"],
  );
  await Deno.writeTextFile(`${folder}/names.cnf`, "subjectAltName = DNS:localhost\n");
  await signCertificate(folder, 2);
}

/** Has the authority sign a certificate anew, for so many days. */
export async function signCertificate(folder: string, days: number): Promise<void> {
  await opensslIn(folder)(
    ...["x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem"],
    ...["-CAcreateserial", "-days", `${days}`, "-extfile", "names.cnf", "-out", "cert.pem"],
  );
}

function opensslIn(folder: string): (...args: string[]) => Promise<string> {
  return (...args) => must("/usr/bin/openssl", args, { cwd: folder });
}
