/**
 * The e-mail lists that were asked for lately. A load never changes, and they are nobody's own: made once, they
 * are right for every caller that may see the occasions, for as long as the load is served.
 */
import type { Lookups } from "../lpw/lookups.js";
import { madeOnce } from "../lpw/made-once.js";
import { bounded, keyOf } from "../store/kept-lately.js";
import type { Search } from "../store/queries.js";
import { type EmailLists, emailLists } from "./encode.js";

/** Bytes of them that each process keeps of a load: of a register with 60 000 persons nearly all. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;
/** What one entry takes beside its bytes, roughly. */
const ENTRY_BYTES = 300;
/** Searches that are kept together: more than that are hardly asked for a second time. */
const MAX_KEPT_TOGETHER = 10;

const listsOf = madeOnce((_load: object) =>
  bounded<string, EmailLists>(MAX_KEPT_BYTES, ({ bytes }) => ENTRY_BYTES + bytes),
);

/** Of all whom these searches find: there is none among them who stands in no list. */
export async function emailListsOf(lookups: Lookups, searches: readonly Search[]): Promise<EmailLists> {
  const lists = listsOf(lookups.load);
  const key = searches.length > MAX_KEPT_TOGETHER ? undefined : searches.map(keyOf).join("\u0001");
  const known = key === undefined ? undefined : lists.get(key);
  if (known !== undefined) return known;
  const made = emailLists(await lookups.contacts(searches));
  if (key !== undefined) lists.set(key, made);
  return made;
}
