/** The assertions of a case, made from the answer that the sample gives to it. */
import { childrenOf, type Item, type ReadAnswer, readAnswer, textOf } from "./answers.js";

export type Assertion =
  | { readonly type: "SOAP Response" | "Schema Compliance" | "Not SOAP Fault" | "SOAP Fault" }
  | {
      readonly type: "XPath Match";
      readonly name: string;
      readonly path: string;
      readonly content: string;
    };

/** An XPath match: its name, the path, and what must be there. */
export type Match = readonly [name: string, path: string, content: string];

/** Elements of the services are in no namespace but for the wrapper, so that the paths need no prefixes. */
const RETURNED = "//return";

/** `further` are asked of the answer besides. */
export function assertionsOf(answer: string, further: readonly Match[] = []): readonly Assertion[] {
  const read = readAnswer(answer);
  const matches: readonly Match[] =
    read.fault === undefined
      ? [...matchesOf(read), ...further]
      : [
          ["faultcode", "//faultcode", read.fault.code],
          ["faultstring", "//faultstring", read.fault.text],
        ];
  const kind: readonly Assertion[] =
    read.fault === undefined
      ? [{ type: "Schema Compliance" }, { type: "Not SOAP Fault" }]
      : [{ type: "SOAP Fault" }];
  return [
    { type: "SOAP Response" },
    ...kind,
    ...matches.map(([name, path, content]) => ({ type: "XPath Match" as const, name, path, content })),
  ];
}

function matchesOf({ returns }: ReadAnswer): readonly Match[] {
  const [first] = returns;
  if (first === undefined || returns.length > 1) {
    return [countOf("return", RETURNED, returns.length), ...fieldsOf(first, "return 1", `${RETURNED}[1]`)];
  }
  const lists = [...new Set(first.children.filter(isOfList).map(({ name }) => name))];
  return [
    countOf("elements", `${RETURNED}/*`, first.children.length),
    ...fieldsOf(first, "return", RETURNED),
    ...lists.flatMap((name) => {
      const items = childrenOf(first, name);
      const shown = name === "messages" ? items : items.slice(0, 1);
      return [
        countOf(name, `${RETURNED}/${name}`, items.length),
        ...shown.flatMap((item, index) => {
          const nth = `[${index + 1}]`;
          return fieldsOf(item, `${name} ${index + 1}`, `${RETURNED}/${name}${nth}`);
        }),
      ];
    }),
  ];
}

function isOfList({ name, children }: Item): boolean {
  return children.length > 0 || name === "EmailList" || name === "NoEmailList";
}

function countOf(name: string, path: string, count: number): Match {
  return [`how many ${name}`, `count(${path})`, String(count)];
}

/** What tells one item from another: of an element without elements its text. */
function fieldsOf(item: Item | undefined, name: string, path: string): readonly Match[] {
  if (item === undefined) return [];
  if (item.children.length === 0) return [[name, path, item.text]];
  const values = childrenOf(item, "values").map(
    ({ text }, index): Match => [`${name} values ${index + 1}`, `${path}/values[${index + 1}]`, text],
  );
  const fields = TELLING.flatMap((field): readonly Match[] => {
    const text = textOf(item, ...field.split("/"));
    return text === undefined ? [] : [[`${name} ${field}`, `${path}/${field}`, text]];
  });
  // SoapUI has no text to compare with in an empty element.
  return [...fields, ...values].filter(([, , content]) => content !== "");
}

/** Names and paths of elements; the half-years of today are not among them, which change. */
const TELLING = [
  ...["valid", "key", "level"],
  ...["typ", "Regtyp", "Kurskod", "Benamning", "Starttermin", "program", "PersonVO/enamn", "PersonVO/pnr"],
  ...["kod", "benamn", "benamns", "kurskod", "startter", "inladok", "enamn", "pnr"],
  ...["Email", "FFG", "FO", "OM"],
];
