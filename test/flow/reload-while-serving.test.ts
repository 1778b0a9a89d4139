import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { adresslista } from "../cli/program.js";
import { inTemporaryFolder } from "../support/database.js";
import { SAMPLE_EXPORT, SECRET, type TestService, withService } from "../support/service.js";
import { envelope } from "../support/soap-requests.js";

const SAMPLE = readFileSync(SAMPLE_EXPORT, "utf8");

/** The sample with a word in front of every surname and every course's name, so that each row tells its load. */
const marked = (word: string) =>
  SAMPLE.replaceAll("<family>", `<family>${word}`).replaceAll(/<long>/g, `<long>${word}`);

const PARTICIPANTS =
  "<KursTfVO><typ>FFG</typ><Kurskod>MATMAT02b</Kurskod><Starttermin>262</Starttermin></KursTfVO>" +
  "<KursTfVO><typ>FFG</typ><Kurskod>ENGENG06</Kurskod><Starttermin>262</Starttermin></KursTfVO>" +
  "<Email>true</Email><OM>true</OM>";

describe("a load while the service runs", () => {
  it("is answered from at the next call", async () => {
    await serving(marked("Gammel"), async (service) => {
      const before = await wordsIn(service, PARTICIPANTS);
      await service.reload({ xml: marked("Ny") });
      const after = await wordsIn(service, PARTICIPANTS);
      expect([before, after]).to.deep.equal([["Gammel"], ["Ny"]]);
    });
  });

  it("is answered from at the next call when nothing was loaded before", async () => {
    await serving(undefined, async (service) => {
      expect(await post(service, "getAdrLista", PARTICIPANTS)).to.include("<key>general.nodata</key>");
      await service.reload({ xml: marked("Ny") });
      expect(await wordsIn(service, PARTICIPANTS)).to.deep.equal(["Ny"]);
    });
  });

  it("disturbs no call: each of those in flight is answered whole, from one load", async function () {
    this.timeout(60_000);
    await serving(marked("Ett"), async (service) => {
      const expected = new Set([await post(service, "getAdrLista", PARTICIPANTS)]);
      const answers = new Map<string, number>();
      let loading = true;
      const calling = async () => {
        while (loading) {
          const answer = await post(service, "getAdrLista", PARTICIPANTS);
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
        }
      };
      const callers = Array.from({ length: 4 }, calling);
      try {
        for (const word of ["Två", "Tre"]) {
          await loadFromAnotherProcess(service, marked(word));
          expected.add(await post(service, "getAdrLista", PARTICIPANTS));
        }
      } finally {
        loading = false;
      }
      await Promise.all(callers);
      expect([...expected].map(markersIn)).to.deep.equal([["Ett"], ["Två"], ["Tre"]]);
      expect([...answers.keys()].every((answer) => expected.has(answer))).to.equal(true);
      expect(answers.size).to.be.at.least(2);
    });
  });
});

describe("a load that fails while the service runs", () => {
  const CALLS = [
    ["getKurs", "<Institution>LVUX</Institution><Termin>262</Termin>"],
    ["getKursTf", "<Kurskod>MATMAT02b</Kurskod><Termin>262</Termin>"],
    ["getAdrLista", PARTICIPANTS],
  ] as const;
  const answersOf = (service: TestService) =>
    Promise.all(CALLS.map(([operation, arg1]) => post(service, operation, arg1)));
  const BROKEN: Readonly<Record<string, string>> = {
    "an export that is cut off": marked("Ny").slice(0, -2000),
    "an export that is not well-formed in its middle": marked("Ny").replace("</person>", "</persson>"),
    "an export without persons": marked("Ny").replaceAll(/<person>.*?<\/person>/gs, ""),
    "an empty file": "",
    "a file of another kind": "<html><body>Felaktig inloggning</body></html>",
  };

  for (const [what, xml] of Object.entries(BROKEN)) {
    it(`leaves the answers as they were, byte for byte: ${what}`, async () => {
      await serving(marked("Gammel"), async (service) => {
        const before = await answersOf(service);
        expect(before.map(markersIn)).to.deep.equal([["Gammel"], ["Gammel"], ["Gammel"]]);
        const error = await service.reload({ xml }).then(
          () => undefined,
          (thrown) => thrown,
        );
        expect(error).to.have.property("code", "export");
        expect(await answersOf(service)).to.deep.equal(before);
        await service.reload({ xml: marked("Ny") });
        expect(await wordsIn(service, PARTICIPANTS)).to.deep.equal(["Ny"]);
      });
    });
  }
});

function serving(
  exportXml: string | undefined,
  action: (service: TestService) => Promise<void>,
): Promise<void> {
  const callers = { portalen: { institutions: "*" } } as const;
  return withService({ ...(exportXml === undefined ? {} : { exportXml }), callers }, action);
}

/** As it is run at night: the program itself, in a process of its own. */
async function loadFromAnotherProcess({ database }: TestService, xml: string): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const file = join(folder, "delivery.xml");
    writeFileSync(file, xml);
    const env = { ADRESSLISTA_DATABASE: database };
    const { code, stderr } = await adresslista(["reload", "--file", file], { folder, env });
    expect(code, stderr).to.equal(0);
  });
}

async function post({ url }: TestService, operation: string, arg1: string): Promise<string> {
  const arg0 = `<authinfovo><caller>portalen</caller><ticket><ticket>${SECRET}</ticket></ticket></authinfovo><type>2</type><uid>larare1</uid>`;
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "text/xml; charset=utf-8" },
    body: envelope(`<n:${operation}><arg0>${arg0}</arg0><arg1>${arg1}</arg1></n:${operation}>`),
  });
  expect(response.status).to.equal(200);
  return response.text();
}

async function wordsIn(service: TestService, arg1: string): Promise<string[]> {
  return markersIn(await post(service, "getAdrLista", arg1));
}

/** Which loads the rows of an answer are of. */
function markersIn(answer: string): string[] {
  const names = answer.matchAll(/<(?:enamn|Benamning)>(Gammel|Ny|Ett|Två|Tre)?/g);
  return [...new Set([...names].map(([, word]) => word ?? "unmarked"))];
}
