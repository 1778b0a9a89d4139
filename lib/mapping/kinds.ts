import { AdresslistaError } from "../errors.js";
import type { ImsGroup } from "../ims/records.js";
import type { GroupKind, GroupKindRule } from "./api.js";
import { isParent } from "./relationships.js";

/**
 * Gives the function that tells a group's kind by the rules of `mapping.groupKinds`: the first rule that matches wins,
 * undefined when none does. Every field of a rule is a regular expression for the whole trimmed text, without regard to
 * case; `scheme`, `typevalue` and `level` must match within one grouptype, `label` that of a parent relationship.
 * Throws a settings error for a field that is no regular expression.
 */
export function groupKindOf(rules: readonly GroupKindRule[]): (group: ImsGroup) => GroupKind | undefined {
  const compiled = rules.map(compileRule);
  return (group) => compiled.find(({ matches }) => matches(group))?.kind;
}

interface CompiledRule {
  readonly kind: GroupKind;
  matches(group: ImsGroup): boolean;
}

function compileRule(rule: GroupKindRule): CompiledRule {
  const typevalue = wholeText(rule.typevalue);
  const scheme = wholeText(rule.scheme);
  const level = wholeText(rule.level);
  const label = wholeText(rule.label);
  const readsType = rule.typevalue !== undefined || rule.scheme !== undefined || rule.level !== undefined;
  const matchesType = (group: ImsGroup) =>
    group.groupTypes.some(
      (type) =>
        scheme(type.scheme) &&
        (type.values.some((value) => typevalue(value.value) && level(value.level)) ||
          (rule.typevalue === undefined && rule.level === undefined)),
    );
  const matchesLabel = (group: ImsGroup) =>
    group.relationships.some((relationship) => isParent(relationship) && label(relationship.label));
  return {
    kind: rule.kind,
    matches: (group) =>
      (!readsType || matchesType(group)) && (rule.label === undefined || matchesLabel(group)),
  };
}

/** A test of one field: a rule without the field takes any text, one with it only a text that is there. */
function wholeText(source: string | undefined): (text: string | undefined) => boolean {
  if (source === undefined) return () => true;
  const pattern = compilePattern(source);
  return (text) => text !== undefined && pattern.test(text.trim());
}

function compilePattern(source: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`, "iu");
  } catch (cause) {
    throw new AdresslistaError("settings", `mapping.groupKinds: not a regular expression: ${source}`, {
      cause,
    });
  }
}
