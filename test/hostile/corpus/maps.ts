import { callOf, type HostileMessage, T04 } from "../messages.js";
import { NAMES } from "./javascript-names.js";

const APACHE = "http://xml.apache.org/xml-soap";

const entry = (key: string, value: string) => `<item><key>${key}</key><value>${value}</value></item>`;
const COURSE = entry("Kurskod", "ALFAKURS1") + entry("Termin", "091");

/** getKursTf with its arg1 as Apache's Map of these items. */
const mapped =
  (items: string, after = "") =>
  () =>
    callOf(T04, {
      operation: "getKursTf",
      arg1: `<arg1 xmlns:apache="${APACHE}" xsi:type="apache:Map">${items}</arg1>`,
      after,
    });

const FOUND = { valid: true } as const;

/** Maps, whose keys are what elements are called after: keys are whatever the caller likes. */
export const maps: readonly HostileMessage[] = [
  {
    name: "a map with keys that are JavaScript's own",
    only: T04,
    body: mapped(COURSE + NAMES.map((name) => entry(name, name)).join("")),
    expected: FOUND,
  },
  {
    name: "a map with a key 10 000 times",
    only: T04,
    body: mapped(COURSE + entry("Kurskod", "BETAKURS1").repeat(10_000)),
    expected: FOUND,
  },
  {
    name: "a map with 10 000 keys",
    only: T04,
    body: mapped(COURSE + Array.from({ length: 10_000 }, (_, at) => entry(`k${at}`, "a")).join("")),
    expected: FOUND,
  },
  {
    name: "a map with a key of 900 000 characters",
    only: T04,
    body: mapped(COURSE + entry("k".repeat(900_000), "a")),
    expected: FOUND,
  },
  {
    name: "a map with keys that are elements, several, or none",
    only: T04,
    body: mapped(
      `${COURSE}${entry("<a/>", "a")}${entry("", "a")}<item><key>a</key><key>b</key></item><item><value/></item><item/>`,
    ),
    expected: FOUND,
  },
  {
    name: "maps in each other",
    only: T04,
    body: mapped(COURSE + nestedMaps(20)),
    expected: FOUND,
  },
  {
    name: "a map with a key that leads nowhere",
    only: T04,
    body: mapped(`${COURSE}<item><key href="#k"/><value/></item>`),
    expected: { fault: "A reference in the message leads to no element, or to several." },
  },
  {
    name: "a map with a key that leads back to itself",
    only: T04,
    body: mapped(`${COURSE}<item><key href="#k"/><value/></item>`, '<m id="k" href="#k"/>'),
    expected: { fault: "A reference in the message leads back to itself." },
  },
  {
    name: "a map with a long key that many refer to",
    only: T04,
    body: mapped(
      COURSE + '<item><key href="#k"/><value/></item>'.repeat(5_000),
      `<m id="k">${"k".repeat(500_000)}</m>`,
    ),
    expected: { fault: "The message has too many references." },
  },
  {
    name: "a large map that many refer to",
    only: T04,
    body: mapped(
      COURSE + '<item><key>KursInfoVO</key><value href="#m"/></item>'.repeat(5_000),
      `<m id="m" xmlns:apache="${APACHE}" xsi:type="apache:Map">${entry("Benamning", "a").repeat(2_000)}</m>`,
    ),
    expected: { fault: "The message has too many references." },
  },
];

function nestedMaps(levels: number): string {
  let inner = entry("Kurskod", "BETAKURS1");
  for (let level = 0; level < levels; level++) {
    inner = `<item><key>KursInfoVO</key><value xsi:type="apache:Map">${inner}</value></item>`;
  }
  return inner;
}
