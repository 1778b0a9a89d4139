/** May this user write where a setting says? Each throws an AdresslistaError that names the setting. */
import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { AdresslistaError } from "../errors.js";

export function writableFile(setting: string, file: string): string {
  if (existsSync(file)) writable(setting, file);
  writableFolder(setting, dirname(file));
  return file;
}

/** A folder that is not there is made, if the one above it lets us. */
export function writableFolder(
  setting: string,
  folder: string,
  code: "settings" | "database" = "settings",
): string {
  const there = nearestFolder(folder);
  writable(setting, there, code);
  return there === folder ? folder : `${folder} is not there yet and will be made`;
}

/** The folder, or the nearest one above it that is there. */
export function nearestFolder(folder: string): string {
  return existsSync(folder) ? folder : nearestFolder(dirname(folder));
}

export function writable(setting: string, path: string, code: "settings" | "database" = "settings"): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw new AdresslistaError(code, `${setting}: this user may not write ${path}`, { cause });
  }
}
