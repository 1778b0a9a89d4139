import { expect } from "chai";
import fc from "fast-check";
import { XmlDocument } from "libxml2-wasm";
import { after, before, describe, it } from "mocha";
import { defaultMapping } from "../../lib/mapping/settings.js";
import { escapeText } from "../../lib/soap/xml.js";
import { startTestService, type TestService } from "../support/service.js";
import { ARG0, callOf, T04, T22, TARGETS, type Target } from "./messages.js";
import { mutated } from "./mutations.js";
import {
  ALFAS_NUMBERS,
  ALFAS_PORTAL,
  ALL_SEEING_PORTAL,
  BETAS_NUMBERS,
  holdsBetas,
  INSTITUTIONS,
  REGISTER,
} from "./register.js";
import { post } from "./sending.js";

/** Each run is a call over HTTP, or two. */
const RUNS = 1_000;

/** Calls that ALFA's portal may make, and those that ask for what is BETA's. */
const CALLS: readonly { readonly target: Target; readonly body: string }[] = [
  ...[
    ["getKurs", "<Institution>ALFA</Institution>"],
    ["getKurs", "<Institution>BETA</Institution><Termin>091</Termin>"],
    ["getKursTf", "<Kurskod>GEMENSAM1</Kurskod><Termin>091</Termin>"],
    ["getKursTf", "<Kurskod>BETAKURS1</Kurskod><Termin>091</Termin>"],
    ["getAdrLista", `${occasion("GEMENSAM1")}<Email>true</Email>`],
    ["getAdrLista", `${occasion("BETAKURS1")}<Email>true</Email>`],
    ["getAdrLista", `${occasion("ALFAKURS1")}${occasion("GEMENSAM1")}<OM>1</OM>`],
    [
      "getAdrLista",
      "<KursTfVO><Kurskod>GEMENSAM1</Kurskod><Starttermin>091</Starttermin></KursTfVO><FFG>1</FFG><FO>1</FO><OM>1</OM>",
    ],
  ].map(([operation = "", arg1]) => ({
    target: T04,
    body: callOf(T04, { operation, arg1: `<arg1>${arg1}</arg1>` }),
  })),
  ...[
    ["getKursByInst", "BETA"],
    ["getKursByKod", "BETAKURS1"],
    ["getKursByKod", "GEMENSAM1"],
    ["getKursTillFByKod", "GEMENSAM1"],
    ["findNameByPnr", `<pnr>${BETAS_NUMBERS[0]}</pnr>`],
    ["getNameByPartPnr", `<pnr>${BETAS_NUMBERS[0]?.slice(0, 6)}</pnr>`],
    ["fetchAdrInfo", ALFAS_NUMBERS[0]],
    ["fetchAdrInfo", BETAS_NUMBERS[1]],
  ].map(([operation = "", arg1]) => ({
    target: T22,
    body: callOf(T22, { operation, arg1: `<arg1>${arg1}</arg1>` }),
  })),
  {
    target: T04,
    body: callOf(T04, {
      operation: "getAdrLista",
      arg0: '<arg0 href="#u"/>',
      arg1: '<arg1><KursTfVO href="#l"/></arg1>',
      after:
        `<m id="u">${ARG0.replace(/<\/?arg0>/g, "")}</m>` +
        `<m id="l" enc:arrayType="n:kursTfVO[]"><item><typ>FFG</typ><Kurskod>GEMENSAM1</Kurskod><Starttermin>091</Starttermin></item></m>`,
    }),
  },
];

/** Numbers that the calls themselves have are no secret of the service's. */
const sentNumbers = (bytes: Buffer) => BETAS_NUMBERS.filter((number) => bytes.includes(number.slice(0, 6)));

describe("Whatever is sent", function () {
  this.timeout(120_000);
  let service: TestService;
  const urlOf = (target: Target) => service.url.replace(T04.path, target.path);

  before(async () => {
    service = await startTestService({
      exportXml: REGISTER,
      callers: {
        [ALFAS_PORTAL]: { institutions: [INSTITUTIONS.A] },
        [ALL_SEEING_PORTAL]: { institutions: "*" },
      },
      settings: { mapping: { ...defaultMapping, institutions: INSTITUTIONS } },
    });
  });
  after(() => service.close());

  it("by one who may see everything is answered with BETA's students too: there is something to keep apart", async () => {
    const answers: string[] = [];
    for (const { target, body } of CALLS) {
      const all = body.replace(ALFAS_PORTAL, ALL_SEEING_PORTAL);
      answers.push((await post({ url: urlOf(target), body: all })).text);
    }
    expect(answers.filter(holdsBetas).length).to.be.above(CALLS.length / 2);
    expect(answers.join("")).to.include("Alfasson").and.include("Betakanariesson");
  });

  it("by ALFA's portal, changed in any way, never gives what is BETA's, and is never an internal error", async () => {
    const bodies = CALLS.map(({ body }) => Buffer.from(body));
    let faults = 0;
    let withData = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(CALLS.length - 1), mutated(bodies), fc.boolean(), async (at, change, other) => {
        const target = CALLS[at]?.target ?? T04;
        const bytes = change(bodies[at] ?? Buffer.alloc(0));
        // The other service at times: its elements are not this one's.
        const url = urlOf(other ? target : (TARGETS.find((candidate) => candidate !== target) ?? target));
        const { status, text } = await post({ url, body: bytes });
        const fault = /<faultcode>soap:(\w+)<|<soap:Value>soap:(\w+)</.exec(text);
        if (fault !== null) {
          faults++;
          expect(fault[1] ?? fault[2], text).to.be.oneOf([
            "Client",
            "Sender",
            "MustUnderstand",
            "VersionMismatch",
          ]);
          expect(status).to.be.oneOf([400, 500]);
        } else {
          expect(status, text).to.equal(200);
          if (text.includes("Alfa")) withData++;
        }
        const known = sentNumbers(bytes);
        const unsent = BETAS_NUMBERS.filter((number) => !known.includes(number));
        expect(text).not.to.match(/kanarie/i);
        for (const number of unsent) expect(text).not.to.include(number);
        for (const [, name] of text.matchAll(/<enamn>([^<]*)<\/enamn>/g)) expect(name).to.equal("Alfasson");
      }),
      { numRuns: RUNS },
    );
    expect(faults, "faults").to.be.above(RUNS / 10);
    expect(withData, "answers with data").to.be.above(0);
  });

  it("as text comes back as it was, or with U+FFFD for what XML cannot carry", async () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: oddUnit(), maxLength: 12 }));
    await fc.assert(
      fc.asyncProperty(text, text, async (first, second) => {
        const arg1 =
          "<arg1><Kurskod>ALFAKURS1</Kurskod><Termin>091</Termin>" +
          `<KursInfoVO><Benamning>${escapeText(first)}</Benamning><EngBenamning><![CDATA[${inCdata(second)}]]></EngBenamning>` +
          "<Institution>ALFA</Institution></KursInfoVO></arg1>";
        const answer = await post({ url: service.url, body: callOf(T04, { operation: "getKursTf", arg1 }) });
        expect(answer.status, answer.text).to.equal(200);
        const document = XmlDocument.fromString(answer.text);
        try {
          const returned = (name: string) => document.get(`//KursInfoVO/${name}`)?.content;
          expect(returned("Benamning")).to.equal(carried(first));
          expect(returned("EngBenamning")).to.equal(carried(withoutReturns(second)));
        } finally {
          document.dispose();
        }
      }),
      { numRuns: 300 },
    );
  });
});

function occasion(kurskod: string): string {
  return `<KursTfVO><typ>FFG</typ><Kurskod>${kurskod}</Kurskod><Starttermin>091</Starttermin></KursTfVO>`;
}

/** Characters that have a way of going wrong. */
function oddUnit(): fc.Arbitrary<string> {
  return fc.constantFrom(
    ..."<>&'\"\r\n\t ]-;#",
    ...["]]>", "&amp;", "\0", "\u0001", "\u0085", "\u00a0", "\u2028", "\ufeff", "\ufffe", "\uffff"],
    ...["\ud800", "\udc00", "😀", "å", "a\u030a", "__proto__", "$&", "$1", "\\", "{0}"],
  );
}

/** What a reader of XML 1.0 gets of a text that was written: trimmed, absent when nothing is left. */
function carried(text: string): string | undefined {
  const trimmed = replaced(text).trim();
  return trimmed === "" ? undefined : trimmed;
}

function replaced(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu, "\ufffd");
}

/** CDATA has no escapes: its end is written in two sections. */
function inCdata(text: string): string {
  return replaced(text).replaceAll("]]>", "]]]]><![CDATA[>");
}

/** In CDATA a line's end is a line feed, however it was written. */
function withoutReturns(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}
