import { readFileSync } from "node:fs";
import { AdresslistaError } from "../errors.js";

/** How the export's server is reached, and what is taken from it. Secrets are held here: never print one. */
export interface SftpSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  /** OpenSSH's own form or PEM. */
  readonly privateKey?: string;
  readonly passphrase?: string;
  /** `SHA256:` and base64 of the hash of the key, as `ssh-keygen -l` prints them. */
  readonly hostKeys: readonly string[];
  /** Text of a known_hosts file of OpenSSH. */
  readonly knownHosts?: string;
  /** Folder on the server. */
  readonly path: string;
  /** Names with `*` and `?`, compared without regard to case. */
  readonly patterns: readonly string[];
  readonly files: "newest" | "delivery";
  readonly deliveryMinutes: number;
  readonly minimumAgeSeconds: number;
  /** Name of the file that says that an export is complete; `{name}` stands for the export's own. */
  readonly marker?: string;
  readonly connectSeconds: number;
  readonly idleSeconds: number;
  readonly deadlineMinutes: number;
  /** Tries again after the first. */
  readonly retries: number;
}

/** The settings of the program (contract section 4) that fetching needs. */
export interface SftpSettingsSource {
  readonly sftpHost: string | undefined;
  readonly sftpPort: number;
  readonly sftpUser: string | undefined;
  readonly sftpPassword: string | undefined;
  readonly sftpPasswordFile: string | undefined;
  readonly sftpPrivateKey: string | undefined;
  readonly sftpPrivateKeyFile: string | undefined;
  readonly sftpPassphrase: string | undefined;
  readonly sftpPassphraseFile: string | undefined;
  readonly sftpHostKey: readonly string[];
  readonly sftpKnownHostsFile: string | undefined;
  readonly sftpPath: string;
  readonly sftpPattern: readonly string[];
  readonly sftpFiles: "newest" | "delivery";
  readonly sftpDeliveryMinutes: number;
  readonly sftpMinimumAgeSeconds: number;
  readonly sftpMarker: string | undefined;
  readonly sftpConnectSeconds: number;
  readonly sftpIdleSeconds: number;
  readonly sftpDeadlineMinutes: number;
  readonly sftpRetries: number;
}

/**
 * The settings for a fetch, secrets read from the files that have them. A missing host key is no error here: only the
 * server can say which one it presents. Throws AdresslistaError("settings"), one line that names the setting.
 */
export function sftpSettings(source: SftpSettingsSource): SftpSettings {
  const host = source.sftpHost;
  if (host === undefined) throw wrongSetting("sftpHost is missing: the server that has the export");
  const user = source.sftpUser;
  if (user === undefined) throw wrongSetting("sftpUser is missing: the user to log in as");
  const password = secret(source, "sftpPassword", "sftpPasswordFile");
  const privateKey = secret(source, "sftpPrivateKey", "sftpPrivateKeyFile");
  const passphrase = secret(source, "sftpPassphrase", "sftpPassphraseFile");
  if (password === undefined && privateKey === undefined) {
    throw wrongSetting(
      "sftpPassword, sftpPasswordFile, sftpPrivateKey and sftpPrivateKeyFile are all missing: one of them is needed to log in",
    );
  }
  const knownHosts =
    source.sftpKnownHostsFile === undefined
      ? undefined
      : textOf("sftpKnownHostsFile", source.sftpKnownHostsFile);
  return {
    host,
    port: source.sftpPort,
    user,
    ...(password === undefined ? {} : { password }),
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(passphrase === undefined ? {} : { passphrase }),
    hostKeys: source.sftpHostKey,
    ...(knownHosts === undefined ? {} : { knownHosts }),
    path: source.sftpPath,
    patterns: source.sftpPattern,
    files: source.sftpFiles,
    deliveryMinutes: source.sftpDeliveryMinutes,
    minimumAgeSeconds: source.sftpMinimumAgeSeconds,
    ...(source.sftpMarker === undefined ? {} : { marker: source.sftpMarker }),
    connectSeconds: source.sftpConnectSeconds,
    idleSeconds: source.sftpIdleSeconds,
    deadlineMinutes: source.sftpDeadlineMinutes,
    retries: source.sftpRetries,
  };
}

type SecretName = "sftpPassword" | "sftpPrivateKey" | "sftpPassphrase";

function secret(source: SftpSettingsSource, name: SecretName, fileName: `${SecretName}File`) {
  const file = source[fileName];
  if (file === undefined) return source[name];
  if (source[name] !== undefined) throw wrongSetting(`${name} and ${fileName} are both given: one is enough`);
  const value = withoutLastLineBreak(textOf(fileName, file));
  if (value === "") throw wrongSetting(`${fileName}: ${file} is empty`);
  return value;
}

/** Editors end a file with a line break that is no part of the secret; blanks may be. */
function withoutLastLineBreak(text: string): string {
  return text.replace(/\r?\n$/, "");
}

function textOf(setting: string, file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw wrongSetting(`${setting}: cannot read ${file} (${code})`, cause);
  }
}

function wrongSetting(line: string, cause?: unknown): AdresslistaError {
  return new AdresslistaError("settings", line, { cause });
}
