import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Certificates for tests, made by the command openssl when they are needed: none stands in the checkout. */
export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface CertificateOptions {
  /** `/CN=…/O=…`; `/CN=<name>` when absent. */
  readonly subject?: string;
  /** Signed by this authority; by itself when absent. */
  readonly by?: CertificateFiles;
  /** May sign others. */
  readonly isAuthority?: boolean;
}

/** A certificate for 127.0.0.1, and its key, as files of that name in the folder. */
export function certificateOf(
  folder: string,
  name: string,
  { subject = `/CN=${name}`, by, isAuthority = false }: CertificateOptions = {},
): CertificateFiles {
  const certificateFile = join(folder, `${name}.pem`);
  const keyFile = join(folder, `${name}.key`);
  if (!existsSync(keyFile)) {
    openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", keyFile]);
  }
  const extensions = join(folder, `${name}.cnf`);
  writeFileSync(
    extensions,
    `[req]\ndistinguished_name=dn\n[dn]\n[v3]\nsubjectAltName=IP:127.0.0.1\nbasicConstraints=CA:${isAuthority}\n`,
  );
  openssl([
    ...["req", "-new", "-x509", "-utf8", "-days", "2", "-config", extensions, "-extensions", "v3"],
    ...["-subj", subject, "-key", keyFile, "-out", certificateFile],
    ...(by === undefined ? [] : ["-CA", by.certificateFile, "-CAkey", by.keyFile]),
  ]);
  return { certificateFile, keyFile };
}

/** What it prints on standard output. */
export function openssl(args: readonly string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
