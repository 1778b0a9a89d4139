/**
 * The e-mail lists that were asked for lately. A load never changes, and they are nobody's own: made once, they
 * are right for every caller that may see the occasions, for as long as the load is served.
 */
import type { Lookups } from "../lpw/lookups.js";
import { type Bounded, bounded, keyOf } from "../store/kept-lately.js";
import type { Search } from "../store/queries.js";
import { type EmailLists, emailLists } from "./encode.js";

/** Bytes of them that each process keeps of a load: of a register with 60 000 persons nearly all. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;
/** What one entry takes beside its bytes, roughly. */
const ENTRY_BYTES = 300;
/** Searches that are kept together: more than that are hardly asked for a second time. */
const MAX_KEPT_TOGETHER = 10;

const listsOfLoads = new WeakMap<object, Bounded<string, EmailLists>>();

/** Of all whom these searches find: there is none among them who stands in no list. */
export async function emailListsOf(lookups: Lookups, searches: readonly Search[]): Promise<EmailLists> {
  if (searches.length > MAX_KEPT_TOGETHER) return emailLists(await lookups.contacts(searches));
  const lists = listsOf(lookups.load);
  const key = searches.map(keyOf).join("\u0001");
  const known = lists.get(key);
  if (known !== undefined) return known;
  const made = emailLists(await lookups.contacts(searches));
  lists.set(key, made);
  return made;
}

function listsOf(load: object): Bounded<string, EmailLists> {
  const known = listsOfLoads.get(load);
  if (known !== undefined) return known;
  const lists = bounded<string, EmailLists>(MAX_KEPT_BYTES, ({ bytes }) => ENTRY_BYTES + bytes);
  listsOfLoads.set(load, lists);
  return lists;
}
