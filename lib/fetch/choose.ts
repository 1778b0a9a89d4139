/** Which files of the server's folder are taken, and when: pure, so that every case can be tried. */
import { lastingFailure } from "./failure.js";
import type { RemoteFile } from "./session.js";
import type { SftpSettings } from "./settings.js";
import { wildcard } from "./wildcard.js";

export interface Choice {
  /** In order of name. */
  readonly files: readonly RemoteFile[];
  /** Files whose names match, the chosen ones counted. */
  readonly matching: number;
  /** Names that match but cannot be used, without the names themselves. */
  readonly unusable: number;
  /** They may still be written to: why, and how long to wait before looking again. */
  readonly wait?: { readonly why: string; readonly seconds: number };
}

/** Longest name of a remote file that is taken, in bytes: ours is longer, and file systems end at 255. */
const MAX_NAME_BYTES = 200;
/** A marker gives no hint when it may come. */
const MARKER_LOOK_SECONDS = 30;
/** Beyond that it is better to look again than to trust an age: a file from the future is a clock that is wrong. */
const MAX_LOOK_SECONDS = 300;

/** When each file was first seen as it is now: what tells of a file that its server's clock is wrong about. */
export type Sightings = Map<string, { readonly file: RemoteFile; readonly since: Date }>;

/**
 * The newest file by the server's time of change (of equally old ones the one whose name comes last), or with `files:
 * "delivery"` all that are at most `deliveryMinutes` older. Throws AdresslistaError("fetch") when no name matches.
 */
export function chooseFiles(
  entries: readonly RemoteFile[],
  settings: SftpSettings,
  now: Date,
  sightings: Sightings,
): Choice {
  const { host, port, path, patterns, marker } = settings;
  const matchers = patterns.map(patternOfNames);
  const matched = entries.filter(({ name }) => matchers.some((matches) => matches(name)));
  const usable = matched.filter(({ name }) => isUsableName(name));
  const markers = new Set(marker === undefined ? [] : usable.map(({ name }) => markerOf(marker, name)));
  const candidates = usable.filter(({ name }) => !markers.has(name)).sort(newestFirst);
  const newest = candidates[0];
  if (newest === undefined) {
    throw lastingFailure(
      `${host}:${port}: no file in the folder ${path} matches ${patterns.join(", ")} (settings sftpPath, sftpPattern); ${count(entries.length, "other file")} there`,
    );
  }
  const oldest = newest.modified.getTime() - settings.deliveryMinutes * 60_000;
  const files =
    settings.files === "newest"
      ? [newest]
      : candidates.filter(({ modified }) => modified.getTime() >= oldest).sort(byName);
  const wait =
    marker === undefined
      ? ageToWaitFor(files, settings, now, sightings)
      : missingMarker(files, entries, marker);
  return {
    files,
    matching: candidates.length,
    unusable: matched.length - usable.length,
    ...(wait === undefined ? {} : { wait }),
  };
}

/**
 * A shell's pattern: `*` and `?` do not match a dot at the beginning, where names of unfinished files have one. Without
 * regard to case: exports are made on Windows too.
 */
function patternOfNames(pattern: string): (name: string) => boolean {
  const expression = wildcard(pattern, "i");
  return (name) => expression.test(name) && (pattern.startsWith(".") || !name.startsWith("."));
}

/** A name becomes part of one of ours, and stands in logs: no paths, nothing that a terminal obeys or cannot show. */
function isUsableName(name: string): boolean {
  return (
    Buffer.byteLength(name) <= MAX_NAME_BYTES &&
    !/[/\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFD]|^\.\.?$/u.test(name)
  );
}

function newestFirst(a: RemoteFile, b: RemoteFile): number {
  return b.modified.getTime() - a.modified.getTime() || byName(b, a);
}

function byName(a: RemoteFile, b: RemoteFile): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function markerOf(marker: string, name: string): string {
  return marker.replaceAll("{name}", () => name);
}

/** A marker that is older than its file is left from the file before. */
function missingMarker(
  files: readonly RemoteFile[],
  entries: readonly RemoteFile[],
  marker: string,
): Choice["wait"] {
  const byItsName = new Map(entries.map((entry) => [entry.name, entry]));
  for (const file of files) {
    const name = markerOf(marker, file.name);
    const found = byItsName.get(name);
    if (found !== undefined && found.modified >= file.modified) continue;
    const what = found === undefined ? "is not there" : `is older than ${file.name}`;
    return { why: `the marker ${name} ${what}`, seconds: MARKER_LOOK_SECONDS };
  }
  return undefined;
}

/** Old enough by the server's clock, or seen unchanged for as long by ours. */
function ageToWaitFor(
  files: readonly RemoteFile[],
  { minimumAgeSeconds }: SftpSettings,
  now: Date,
  sightings: Sightings,
): Choice["wait"] {
  let wait: Choice["wait"];
  for (const file of files) {
    const since = sightingOf(file, now, sightings);
    const age = Math.max(now.getTime() - file.modified.getTime(), now.getTime() - since.getTime()) / 1000;
    const seconds = Math.min(Math.ceil(minimumAgeSeconds - age), MAX_LOOK_SECONDS);
    if (seconds > 0 && seconds > (wait?.seconds ?? 0)) {
      wait = { why: `${file.name} may still be written to (sftpMinimumAgeSeconds)`, seconds };
    }
  }
  return wait;
}

function sightingOf(file: RemoteFile, now: Date, sightings: Sightings): Date {
  const seen = sightings.get(file.name);
  if (seen !== undefined && isSameFile(seen.file, file)) return seen.since;
  sightings.set(file.name, { file, since: now });
  return now;
}

/** As far as a server tells. */
export function isSameFile(a: RemoteFile, b: RemoteFile): boolean {
  return a.name === b.name && a.bytes === b.bytes && a.modified.getTime() === b.modified.getTime();
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
