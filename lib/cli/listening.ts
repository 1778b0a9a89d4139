import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Settings } from "../config.js";
import { AdresslistaError } from "../errors.js";
import type { TlsFiles } from "../http/server.js";

type ListeningSettings = Pick<
  Settings,
  "host" | "insecureListen" | "tlsCertificateFile" | "tlsKeyFile" | "tlsClientAuthoritiesFile"
>;

/**
 * The files by which the service speaks TLS; undefined: it does not, and then listens only where no other machine can
 * hear it, unless the settings say otherwise in so many words.
 * @throws AdresslistaError "settings"
 */
export function tlsOf(settings: ListeningSettings): TlsFiles | undefined {
  const { tlsCertificateFile, tlsKeyFile, tlsClientAuthoritiesFile, host, insecureListen } = settings;
  if (tlsCertificateFile === undefined && tlsKeyFile === undefined) {
    if (tlsClientAuthoritiesFile !== undefined) {
      throw wrong("tlsClientAuthoritiesFile", "needs tlsCertificateFile and tlsKeyFile besides");
    }
    if (!isLoopback(host) && !insecureListen) throw unheard("host", host);
    return undefined;
  }
  if (tlsCertificateFile === undefined) throw wrong("tlsCertificateFile", "is needed beside tlsKeyFile");
  if (tlsKeyFile === undefined) throw wrong("tlsKeyFile", "is needed beside tlsCertificateFile");
  const files: TlsFiles = {
    certificate: pem("tlsCertificateFile", tlsCertificateFile),
    key: pem("tlsKeyFile", tlsKeyFile),
    clientAuthorities:
      tlsClientAuthoritiesFile === undefined
        ? undefined
        : authorities("tlsClientAuthoritiesFile", tlsClientAuthoritiesFile),
  };
  try {
    createSecureContext({ cert: files.certificate, key: files.key, ca: files.clientAuthorities });
  } catch (cause) {
    throw wrong("tlsCertificateFile, tlsKeyFile", "cannot be used, or do not belong together", cause);
  }
  return files;
}

/** That an address may not be listened on without TLS. */
export function unheard(what: string, address: string): AdresslistaError {
  return wrong(
    what,
    `${address} can be reached from other machines, and without TLS identity numbers and secrets can be read on the way: set tlsCertificateFile and tlsKeyFile, or listen on 127.0.0.1 behind a proxy with TLS, or say insecureListen: true`,
  );
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);
}

function pem(setting: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw wrong(setting, `cannot read ${file}`, cause);
  }
  if (!text.includes("-----BEGIN ")) throw wrong(setting, `${file} is no PEM file`);
  return text;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/** Read one by one: a context of TLS takes what is none without a word, and then believes nobody. */
function authorities(setting: string, file: string): string {
  const certificates = pem(setting, file).match(CERTIFICATE) ?? [];
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch (cause) {
    throw wrong(setting, `${file} has a certificate that cannot be read`, cause);
  }
  if (certificates.length === 0) throw wrong(setting, `${file} has no certificate`);
  return certificates.join("\n");
}

function wrong(setting: string, what: string, cause?: unknown): AdresslistaError {
  return new AdresslistaError("settings", `${setting}: ${what}`, { cause });
}
