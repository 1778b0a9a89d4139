import {
  callOf,
  courseCall,
  type HostileMessage,
  NOT_WELL_FORMED,
  T04,
  T22,
  type Target,
} from "../messages.js";

/** Names that every object of JavaScript has, or that its engine treats as its own. */
export const NAMES = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "isPrototypeOf",
  "__defineGetter__",
  "__lookupSetter__",
  "length",
  "then",
  "toJSON",
] as const;

/** Elements that some operation's arg1 has. */
const READ =
  "Institution Termin Kurskod Email FFG FO OM pnr avliden gallrad benamn kod valid enamn tnamn".split(" ");
const KEY_FIELDS =
  "typ Kurskod Starttermin Kurstakt Kurstid Undform Kursomgang Kurstyp Termordning Anmkod Kalendertermin Ortskod program programinriktning termordningkurs";

const PLAIN = "the plain call's answer";

export const javascriptNames: readonly HostileMessage[] = NAMES.flatMap((name): HostileMessage[] => [
  {
    name: `${name} as elements around the arguments and in them`,
    body: (target) =>
      callOf(target, {
        arg1: inEachElement(target.plain.arg1, `<${name}><polluted>true</polluted></${name}>`),
      }),
    // T22's arg1 is a text: elements in it are not read, and neither is it a list of them.
    expected: PLAIN,
  },
  {
    name: `${name} as elements of the user`,
    body: (target) => callOf(target, { arg0: inEachElement(callersArg0(target), `<${name}>a</${name}>`) }),
    expected: PLAIN,
  },
  {
    name: `${name} as attributes`,
    body: (target) =>
      callOf(target, {
        attributes: ` ${name}="a"`,
        arg1: target.plain.arg1.replace("<arg1", `<arg1 ${name}="a"`),
      }),
    expected: PLAIN,
  },
  {
    name: `${name} as a prefix`,
    body: (target) =>
      callOf(target, {
        arg1: `${target.plain.arg1}<${name}:a xmlns:${name}="urn:a" ${name}:b="1"/>`,
        attributes: ` xmlns:${name}="urn:a"`,
      }),
    expected: PLAIN,
  },
  {
    name: `${name} as a prefix that is not declared`,
    body: (target) => callOf(target, { arg1: `${target.plain.arg1}<${name}:a/>` }),
    expected: { fault: NOT_WELL_FORMED },
  },
  {
    name: `${name} as a prefix in xsi:type`,
    body: (target) =>
      callOf(target, { arg1: target.plain.arg1.replace("<arg1", `<arg1 xsi:type="${name}:${name}"`) }),
    expected: PLAIN,
  },
  {
    name: `${name} as a namespace`,
    body: (target) => callOf(target, { arg1: `${target.plain.arg1}<a xmlns="${name}"/>` }),
    expected: PLAIN,
  },
  {
    name: `${name} as the operation`,
    body: (target) => callOf(target, { operation: name }),
    expected: { fault: "The operation is none of …." },
  },
  {
    name: `${name} as a header`,
    body: (target) => callOf(target, { header: `<${name}><${name}/></${name}>` }),
    expected: PLAIN,
  },
  {
    name: `${name} as the user's type`,
    body: (target) => callOf(target, { arg0: callersArg0(target).replace(/(<type>)[^<]*/, `$1${name}`) }),
    expected: { valid: false, key: "auth.forbidden" },
  },
  {
    name: `${name} as the id that is referred to`,
    body: (target) => callOf(target, { arg1: `<arg1 href="#${name}"/>` }),
    expected: { fault: "A reference in the message leads to no element, or to several." },
  },
  {
    name: `${name} as a course`,
    body: (target) => courseCall(target, name),
    // A Kurskod has 1 to 10 letters or digits.
    expected: /^[a-zA-Z]{1,10}$/.test(name)
      ? { valid: true }
      : { valid: false, key: "general.invalidformat" },
  },
]);

/** Only some: what fails to prove who it is costs a check, and is slowed down. */
const CREDENTIALS = ["__proto__", "constructor", "hasOwnProperty"] as const;

export const javascriptCredentials: readonly HostileMessage[] = CREDENTIALS.flatMap(
  (name): HostileMessage[] => [
    {
      name: `${name} as the caller`,
      body: (target) => callOf(target, { arg0: callersArg0(target).replace(/(<caller>)[^<]*/, `$1${name}`) }),
      expected: { valid: false, key: "auth.failed" },
    },
    {
      name: `${name} as the ticket`,
      body: (target) =>
        callOf(target, { arg0: callersArg0(target).replace(/(<ticket><ticket>)[^<]*/, `$1${name}`) }),
      expected: { valid: false, key: "auth.failed" },
    },
  ],
);

export interface OperationCall {
  readonly name: string;
  readonly target: Target;
  readonly body: string;
}

/** Each operation of both services with these names as every value it may read, and as elements and attributes beside them. */
export const inEveryOperation: readonly OperationCall[] = [T04, T22].flatMap((target) =>
  target.operations.flatMap((operation) =>
    NAMES.map((name) => ({
      name: `${name} in every place of ${operation}`,
      target,
      body: callOf(target, { operation, arg1: everywhere(name) }),
    })),
  ),
);

function everywhere(name: string): string {
  const own = `<${name} ${name}="${name}"><${name}/>${name}</${name}>`;
  const fields = (names: readonly string[]) =>
    names.map((field) => `<${field} ${name}="${name}">${name}</${field}>`).join("");
  const occasion = own + fields(KEY_FIELDS.split(" "));
  return (
    `<arg1 ${name}="${name}">${name}${own}${fields(READ)}` +
    `<KursInfoVO>${own}<Benamning>${name}</Benamning></KursInfoVO>` +
    `<KursTfVO>${occasion}</KursTfVO><KursTFTermregVO>${occasion}</KursTFTermregVO></arg1>${own}`
  );
}

function callersArg0(target: Target): string {
  const [arg0 = ""] = /<arg0>.*<\/arg0>/.exec(callOf(target)) ?? [];
  return arg0;
}

/** This XML as the first child of every element of `xml` that has elements or text. */
function inEachElement(xml: string, child: string): string {
  return xml.replace(/<\w+>/g, (tag) => tag + child);
}
