/**
 * A pattern of names as a regular expression for whole names: `*` is any number of characters, `?` is one, all else
 * stands for itself. `flags`: "i" compares without regard to case.
 */
export function wildcard(pattern: string, flags: "" | "i" = ""): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\/-]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, `su${flags}`);
}
