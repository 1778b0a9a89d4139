import { SaxesParser } from "saxes";
import { publishedPersonnummer } from "../../lib/sample/identity.js";

export interface SampleNode {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: SampleNode[];
  text: string;
}

/** The whole document as a tree; throws when it is not well-formed. */
export function parseExport(xml: string): SampleNode {
  const open: SampleNode[] = [{ name: "", attributes: {}, children: [], text: "" }];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const node: SampleNode = { name, attributes, children: [], text: "" };
    open.at(-1)?.children.push(node);
    open.push(node);
  });
  parser.on("text", (text) => {
    const node = open.at(-1);
    if (node !== undefined) node.text += text;
  });
  parser.on("closetag", () => {
    open.pop();
  });
  parser.write(xml).close();
  const root = open[0]?.children[0];
  if (root === undefined) throw new Error("no root element");
  return root;
}

export function children(node: SampleNode, ...names: readonly string[]): SampleNode[] {
  return node.children.filter(({ name }) => names.includes(name));
}

/** Text of all children of that name. */
export function texts(node: SampleNode, name: string): string[] {
  return children(node, name).map(({ text }) => text);
}

/** Text of the first element on the path. */
export function text(node: SampleNode, ...path: readonly string[]): string | undefined {
  let current: SampleNode | undefined = node;
  for (const name of path) current = current?.children.find((child) => child.name === name);
  return current?.text;
}

export function emailsIn(xml: string): string[] {
  return [...xml.matchAll(/[^\s<>]+@[^\s<>]+/g)].map(([email]) => email);
}

/** RFC 2606's names, and example.se. */
export function isExampleDomain(email: string): boolean {
  return /@([a-z0-9-]+\.)*(example\.(se|com)|[a-z0-9-]+\.example)$/i.test(email);
}

/** PTS, numbers for books and films. */
export function isPtsNumber(number: string): boolean {
  const [area, local] = number.split("-");
  const ranges: Readonly<Record<string, readonly [number, number]>> = {
    "070": [1740605, 1740699],
    "08": [46500400, 46500499],
    "031": [3900600, 3900699],
    "040": [6280400, 6280499],
    "0980": [319200, 319299],
  };
  const [first, last] = ranges[area ?? ""] ?? [1, 0];
  return Number(local) >= first && Number(local) <= last;
}

const OLDER = publishedPersonnummer().older;

/**
 * A number of Skatteverket's test series: samordningsnummer, and personnummer of those born in 1987 or later, have birth
 * number 238 or 239; older ones stand in the list. The form is ÅÅÅÅMMDDNNNN or ÅÅMMDDNNNN, with or without separator.
 */
export function isTestNumber(number: string): boolean {
  const digits = number.replaceAll(/[-+]/g, "");
  const [, date = "", birthNumber = ""] = /^(?:\d{2})?(\d{6})(\d{3})\d$/.exec(digits) ?? [];
  const isSamordning = Number(date.slice(4)) > 60;
  const isOfTestSeries = birthNumber === "238" || birthNumber === "239";
  const year = Number(date.slice(0, 2));
  const isBornSince1987 = year >= 87 || year <= 7;
  if (isOfTestSeries && (isSamordning || isBornSince1987)) return true;
  return OLDER.some((published) => published.endsWith(digits));
}
