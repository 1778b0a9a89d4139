import type { ImsElement, ImsSourcedId } from "../ims/records.js";
import { identityForm } from "./identity.js";
import type { IdsProfile } from "./profile.js";
import { idForm } from "./shown.js";
import { type Counter, createCounter } from "./tally.js";

export interface IdsCounter {
  add(ids: readonly ImsSourcedId[]): void;
  profile(): IdsProfile;
}

/** sourcedids of persons, or of groups. */
export function countIds(): IdsCounter {
  const sources = createCounter();
  const types = createCounter();
  const forms = createCounter((form) => form);
  let severalIds = 0;
  return {
    add(ids) {
      if (ids.length > 1) severalIds += 1;
      for (const { source, id, type } of ids) {
        sources.add(source);
        types.add(type);
        const identity = identityForm(id);
        forms.add(identity === "other" ? idForm(id) : identity);
      }
    },
    profile: () => ({ sources: sources.tally(), types: types.tally(), forms: forms.tally(), severalIds }),
  };
}

/** Counts the records that have an element in their extension, by the element's name, at whatever depth. */
export function countElements(counter: Counter, extension: readonly ImsElement[]): void {
  if (extension.length === 0) return;
  for (const name of elementNames(extension)) counter.add(name);
}

function elementNames(extension: readonly ImsElement[], names: Set<string> = new Set()): Set<string> {
  for (const { name, children } of extension) {
    names.add(name);
    elementNames(children, names);
  }
  return names;
}

/** Every element of an extension that has a text. */
export function* textElements(extension: readonly ImsElement[]): Generator<{ name: string; text: string }> {
  for (const { name, text, children } of extension) {
    if (text !== undefined) yield { name, text };
    yield* textElements(children);
  }
}
