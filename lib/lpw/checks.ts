import type { Call } from "./call.js";
import { fitsFormat, mayBeHeld, type RegisterField } from "./formats.js";
import { invalidFormat, type Message, missingParameter } from "./messages.js";
import type { NotBoolean } from "./request.js";

/** Has the value its format, or does the store hold it? What the service wrote can always be sent back. */
export async function isWellFormed(call: Call, field: RegisterField, value: string): Promise<boolean> {
  if (fitsFormat(field, value, call.settings)) return true;
  return mayBeHeld(field) && (await call.lookups.holdsValue(field, value));
}

export function missing<Name extends string>(
  given: { readonly [element in Name]?: string | undefined },
  inSchemaOrder: readonly Name[],
  obligatory: readonly Name[],
): Message[] {
  return inSchemaOrder
    .filter((element) => obligatory.includes(element) && given[element] === undefined)
    .map(missingParameter);
}

export const notBoolean = ({ element, value }: NotBoolean) => invalidFormat(element, value);
