import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { type Client, createClientAsync } from "soap";
import { UTILITY_ENDPOINT } from "../../lib/cli/mounts.js";
import { SAMPLE_EXPORT, SECRET, startTestService, type TestService } from "../support/service.js";
import { expectValidResponse } from "../support/xsd.js";
import { readSample } from "./sample.js";

/**
 * Every operation of UtilityFetcher by a client made from the served WSDL, over HTTP, on the sample export: T04's flow from
 * its first step, which needs the institutions (T04 1.3.1). Every answer is validated against the served schema.
 */
const arg0 = {
  authinfovo: { caller: "portalen", ticket: { ticket: SECRET } },
  type: "2",
  uid: "larare1",
};

const sample = readSample();

// biome-ignore lint/suspicious/noExplicitAny: what a client without types gives.
type Anything = any;

describe("UtilityFetcher, by a client made from the WSDL, on the sample export", () => {
  let service: TestService;
  let client: Client;
  let wsdl: string;

  before(async () => {
    service = await startTestService({
      exportFile: SAMPLE_EXPORT,
      callers: { portalen: { institutions: "*" } },
    });
    const url = new URL(UTILITY_ENDPOINT, service.url).href;
    wsdl = await (await fetch(`${url}?wsdl`)).text();
    client = await createClientAsync(`${url}?wsdl`);
  });

  after(() => service.close());

  async function call(operation: string, ...args: readonly unknown[]): Promise<Anything> {
    const [arg1] = args;
    const [answer, xml] = await client[`${operation}Async`](args.length === 0 ? { arg0 } : { arg0, arg1 });
    expectValidResponse(xml, wsdl);
    return answer?.return;
  }

  it("has its own WSDL at its own address, beside T04's", async () => {
    expect(wsdl).to.include(`location="${new URL(UTILITY_ENDPOINT, service.url).href}"`);
    const t04 = await (await fetch(`${service.url}?wsdl`)).text();
    expect(t04).to.include('name="AdresslistaFetcher"').and.not.include("UtilityFetcher");
    const page = await (await fetch(new URL(UTILITY_ENDPOINT, service.url))).text();
    expect(page).to.include("UtilityFetcher").and.include("findAllInstitutions");
  });

  it("gives the institutions that T04's flow begins with, all or by code or name", async () => {
    const all = await call("findAllInstitutions");
    expect(all.map(({ kod }: Anything) => kod)).to.include("LVUX");
    const [lvux] = all.filter(({ kod }: Anything) => kod === "LVUX");
    expect(await call("getInstitutionByKod", "lvux")).to.deep.equal(lvux);
    expect(await call("findInstitutionsByDelkod", "VUX")).to.deep.include(lvux);
    expect(await call("findInstitutionsByBenamn", lvux.benamn.toUpperCase())).to.deep.include(lvux);
    expect(await call("findInstitutionsByBenamne", lvux.benamn)).to.equal(undefined);
    const kurser = await call("getKursByInst", "LVUX");
    expect(kurser.map(({ kod }: Anything) => kod)).to.include("ENGENG05");
    for (const { inst, prov, valid, isValid } of kurser) {
      expect({ inst, prov, valid, isValid }).to.deep.equal({
        inst: "LVUX",
        prov: undefined,
        valid: true,
        isValid: true,
      });
    }
  });

  it("gives places, half-years, and that there are no universities", async () => {
    expect(await call("findAllPlaces")).to.deep.include({ benamn: "Lingonköping", kod: "LINK", valid: true });
    const { currentSemester, nextSemester, valid } = await call("getCurrAndNextSemester");
    expect(valid).to.equal(true);
    expect(currentSemester).to.match(/^20\d\d[12]$/);
    expect(Number(nextSemester) - Number(currentSemester)).to.be.oneOf([1, 9]);
    expect(await call("findHsk", { benamn: "Lund" })).to.equal(undefined);
  });

  it("gives a course, its occasions, and that there are no tests", async () => {
    expect(await call("getKursByKod", "ENGENG05")).to.deep.include({
      benamns: "Engelska 5",
      inst: "LVUX",
      kod: "ENGENG05",
      poang: 100,
    });
    const { ktfl, valid } = await call("getKursTillFByKod", "ENGENG05");
    expect(valid).to.equal(true);
    expect(ktfl).to.deep.include({
      ffgpoang: 100,
      kod: "LK001",
      kurskod: "ENGENG05",
      kursomg: "1",
      kurstakt: "050",
      kurstid: "DAG",
      kurstyp: "ORD",
      ort: "LINK",
      slutv: "202702",
      startter: "20262",
      startv: "202634",
      undform: "NML",
      valid: true,
    });
    expect(await call("getProvByKurskod", "ENGENG05")).to.deep.equal({ valid: true });
  });

  it("gives names and addresses by personnummer", async () => {
    const [id] = sample.learners("T002");
    const pnr = sample.pnr(id ?? "") ?? "";
    const name = await call("findNameByPnr", { pnr });
    expect(name).to.deep.include({ enamn: sample.surname(id ?? ""), inladok: true, pnr: pnr.slice(-10) });
    const { names } = await call("getNameByPartPnr", { pnr: pnr.slice(0, 6) });
    expect(names).to.deep.include(name);
    const { persons } = await call("fetchAdrInfo", [pnr, pnr]);
    expect(persons).to.have.length(1);
    expect(persons[0]).to.deep.include({ enamn: name.enamn, pnr: name.pnr, gallrad: false });
  });

  it("gives nothing of a protected person but name and number", async () => {
    for (const id of ["E0019", "E0020"]) {
      const { persons } = await call("fetchAdrInfo", [sample.pnr(id)]);
      expect(persons).to.have.length(1);
      expect(Object.keys(persons[0])).to.have.members(["enamn", "gallrad", "pnr", "sekel", "tnamn"]);
    }
  });

  it("tells what is wrong in the answer, and in the one element of a list", async () => {
    const missing = { key: "general.missingparameter", level: "ERROR", values: ["arg1"] };
    const { messages, valid } = await call("getKursByKod", "");
    expect(valid).to.equal(false);
    expect(messages[0]).to.deep.include(missing);
    const list = await call("getKursByInst", "");
    expect(list).to.have.length(1);
    expect(list[0].valid).to.equal(false);
    expect(list[0].messages[0]).to.deep.include(missing);
  });
});
