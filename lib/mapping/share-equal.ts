import type { ImsGroup } from "../ims/records.js";

/**
 * Groups stay in memory for the whole load, and thousands of them say the same of their kind, parent, dates and details:
 * what is equal is kept once. A register of 45 000 groups takes half the memory so.
 */
export function sharedGroups(): (group: ImsGroup) => ImsGroup {
  const share = sharedValues();
  return (group) => ({
    ...group,
    // a list that grew has room for more: a copy has not
    sourcedIds: [...group.sourcedIds],
    groupTypes: share(group.groupTypes),
    relationships: share(group.relationships),
    extension: share(group.extension.map(share)),
    ...(group.timeframe === undefined ? {} : { timeframe: share(group.timeframe) }),
  });
}

/** Different values that are remembered: details repeat themselves soon or never. */
const MAX_REMEMBERED = 20_000;

function sharedValues(): <T>(value: T) => T {
  const known = new Map<string, unknown>();
  return <T>(value: T): T => {
    const key = JSON.stringify(value);
    const same = known.get(key);
    if (same !== undefined) return same as T;
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(key, value);
    return value;
  };
}
