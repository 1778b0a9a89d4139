const swedish = new Intl.Collator("sv");

/** Order of Swedish text: Å Ä Ö last, v and w apart, upper and lower case only when all else is equal. */
export function compareSwedish(a: string, b: string): number {
  return swedish.compare(a, b);
}

/** Order of persons in lists as far as their names decide: surname, then first name; a missing one comes first. */
export function compareSwedishNames(a: PersonName, b: PersonName): number {
  return (
    swedish.compare(a.efternamn ?? "", b.efternamn ?? "") || swedish.compare(a.fornamn ?? "", b.fornamn ?? "")
  );
}

export interface PersonName {
  readonly efternamn?: string | undefined;
  readonly fornamn?: string | undefined;
}

/** Order by code points, as databases order bytes of UTF-8: the same on every machine. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return afterSurrogatesFix(left) - afterSurrogatesFix(right);
  }
  return a.length - b.length;
}

/** UTF-16 puts surrogates (beyond U+FFFF) before U+E000–U+FFFF; code points have them after. */
function afterSurrogatesFix(unit: number): number {
  const isSurrogate = unit >= 0xd800 && unit <= 0xdfff;
  return isSurrogate ? unit + 0x10000 : unit;
}
