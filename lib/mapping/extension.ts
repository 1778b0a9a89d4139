import type { ImsElement } from "../ims/records.js";

/** All elements of that name (lower case) in an extension, also within a vendor's own elements, in document order. */
export function* extensionElements(extension: readonly ImsElement[], name: string): Generator<ImsElement> {
  for (const element of extension) {
    if (element.name === name) yield element;
    yield* extensionElements(element.children, name);
  }
}

/** The first element of that name that has text; undefined when there is none. */
export function extensionField(extension: readonly ImsElement[], name: string): ImsElement | undefined {
  for (const element of extensionElements(extension, name)) {
    if (element.text !== undefined) return element;
  }
  return undefined;
}

export function extensionText(extension: readonly ImsElement[], name: string): string | undefined {
  return extensionField(extension, name)?.text;
}
