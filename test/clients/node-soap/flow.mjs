/**
 * T04's flow with npm's soap in the ways that portals use it: promises, callbacks of a port, the portal's name and
 * ticket in a WS-Security header, and SOAP 1.2.
 */
import { createClientAsync, WSSecurity } from "soap";

const environment = process.env;
const fact = (name) => environment[`FACT_${name}`];
let checks = 0;

function same(what, expected, got) {
  if (JSON.stringify(expected) !== JSON.stringify(got)) {
    console.log(`${what}\n  expected: ${JSON.stringify(expected)}\n  got:      ${JSON.stringify(got)}`);
    process.exit(1);
  }
  checks++;
}

const texts = (objects, name) => objects.map((object) => object[name] ?? "").join("|");

const user = (ticket = environment.PORTAL_TICKET) => ({
  uid: environment.PORTAL_UID,
  type: "2",
  authinfovo: { caller: environment.PORTAL_CALLER, ticket: { ticket } },
});

// Each way: operation, arg1 and a ticket in place of the right one -> the operation's `return`.

async function promises(url) {
  const client = await createClientAsync(`${url}?wsdl`);
  return async (operation, arg1, ticket) => {
    const [answer] = await client[`${operation}Async`]({ arg0: user(ticket), arg1 });
    return answer.return;
  };
}

async function callbacks(url) {
  const client = await createClientAsync(`${url}?wsdl`);
  const port = client.AdresslistaFacadeClientService.AdresslistaFacadeClientPort;
  return (operation, arg1, ticket) =>
    new Promise((resolve, reject) => {
      // The order of an object's keys decides nothing: they are written in the schema's.
      port[operation]({ arg1, arg0: user(ticket) }, (error, answer) =>
        error ? reject(error) : resolve(answer.return),
      );
    });
}

async function inHeader(url) {
  const client = await createClientAsync(`${url}?wsdl`);
  return async (operation, arg1, ticket = environment.PORTAL_TICKET) => {
    client.setSecurity(new WSSecurity(environment.PORTAL_CALLER, ticket, { mustUnderstand: true }));
    const arg0 = { uid: environment.PORTAL_UID, type: "2" };
    const [answer] = await client[`${operation}Async`]({ arg0, arg1 });
    return answer.return;
  };
}

async function soap12(url) {
  const client = await createClientAsync(`${url}?wsdl=1.2`, { forceSoap12Headers: true });
  return async (operation, arg1, ticket) => {
    const [answer, text] = await client[`${operation}Async`]({ arg0: user(ticket), arg1 });
    same("answered in SOAP 1.2", true, text.includes("http://www.w3.org/2003/05/soap-envelope"));
    return answer.return;
  };
}

async function flow(name, call) {
  const kurser = await call("getKurs", { Institution: fact("INSTITUTION"), Termin: fact("TERMIN") });
  same(`${name}: getKurs is valid`, true, kurser.valid);
  same(`${name}: courses`, fact("KURSKODER"), texts(kurser.KursInfoVO, "Kurskod"));
  const kurs = kurser.KursInfoVO.find(({ Kurskod }) => Kurskod === fact("KURSKOD"));
  same(`${name}: name of the course`, fact("BENAMNING"), kurs.Benamning);
  same(`${name}: no English name`, false, "EngBenamning" in kurs);
  same(`${name}: no NoEmailList in getKurs`, false, "NoEmailList" in kurser);
  same(`${name}: no messages in getKurs`, false, "messages" in kurser);

  const tillfallen = await call("getKursTf", { Kurskod: kurs.Kurskod, Termin: fact("TERMIN") });
  same(`${name}: types of occasions`, fact("TYPER"), texts(tillfallen.KursTfVO, "typ"));
  const [tillfalle] = tillfallen.KursTfVO;
  same(`${name}: Anmkod of the first occasion`, fact("ANMKOD"), tillfalle.Anmkod);

  const lista = await call("getAdrLista", { KursTfVO: [tillfalle], Email: true, FFG: false });
  same(`${name}: getAdrLista is valid`, true, lista.valid);
  const personer = lista.AdrListEntVO.flatMap(({ PersonVO }) => PersonVO);
  same(`${name}: number of persons`, Number(fact("PERSONER")), personer.length);
  same(
    `${name}: kinds of registration`,
    personer.map(() => "FFG").join("|"),
    texts(lista.AdrListEntVO, "Regtyp"),
  );
  same(`${name}: surnames`, fact("EFTERNAMN"), texts(personer, "enamn"));
  same(`${name}: first names`, fact("FORNAMN"), texts(personer, "tnamn"));
  same(`${name}: addresses`, fact("EMAIL"), lista.EmailList.join("|"));
  same(`${name}: persons without address`, fact("NOEMAIL"), lista.NoEmailList.join("|"));
  same(`${name}: Email comes back true`, true, lista.Email);
  same(`${name}: FFG comes back false`, false, lista.FFG);
  same(
    `${name}: incorrect numbers`,
    fact("OGILTIGA"),
    lista.messages.flatMap(({ values }) => values).join("|"),
  );
  for (const { level, key, values, log } of lista.messages) {
    same(`${name}: level`, "INFO", level);
    same(`${name}: key`, "adresslista.containsinvalidssn", key);
    same(`${name}: log`, `Felaktigt personnummer, ${values[0]}`, log);
  }

  // The whole list of occasions is sent back as it was received.
  const { KursTfVO, KursTFTermregVO } = tillfallen;
  same(`${name}: an occasion within a programme`, true, KursTFTermregVO.length > 0);
  const allt = await call("getAdrLista", { KursTfVO, KursTFTermregVO });
  same(`${name}: all occasions are valid`, true, allt.valid);
  same(`${name}: all occasions give more`, true, allt.AdrListEntVO.length > personer.length);

  const ensam = await call("getKursTf", { Kurskod: fact("ENSAM_KURSKOD"), Termin: fact("TERMIN") });
  same(
    `${name}: one occasion is a list of one`,
    [true, 1],
    [Array.isArray(ensam.KursTfVO), ensam.KursTfVO.length],
  );
  const ensamLista = await call("getAdrLista", { KursTfVO: ensam.KursTfVO });
  same(`${name}: one entry is a list of one`, true, Array.isArray(ensamLista.AdrListEntVO));
  const en = ensamLista.AdrListEntVO.flatMap(({ PersonVO }) => PersonVO);
  same(`${name}: one person`, fact("ENSAM_EFTERNAMN"), texts(en, "enamn"));

  const tom = await call("getKurs", { Institution: fact("TOM_INSTITUTION"), Termin: fact("TERMIN") });
  same(`${name}: an institution without courses is valid`, true, tom.valid);
  same(`${name}: no courses`, false, "KursInfoVO" in tom);

  const refused = async (key, values, ...rest) => {
    const answer = await call("getKurs", ...rest);
    same(`${name}: ${key} is not valid`, false, answer.valid);
    const [message] = answer.messages;
    same(`${name}: level of ${key}`, "ERROR", message.level);
    same(`${name}: key`, key, message.key);
    same(`${name}: values of ${key}`, values, message.values);
    same(`${name}: no data with ${key}`, false, "KursInfoVO" in answer);
  };
  const Termin = fact("TERMIN");
  await refused("general.missingparameter", ["Institution"], { Termin });
  // What an unset field of a form is: empty, or null, which goes as xsi:nil.
  await refused("general.missingparameter", ["Institution"], { Institution: "", Termin });
  await refused("general.missingparameter", ["Institution"], { Institution: null, Termin });
  await refused("auth.failed", undefined, { Institution: fact("INSTITUTION") }, "not the ticket");
}

const url = environment.T04_URL;
await flow("promises", await promises(url));
await flow("callbacks", await callbacks(url));
await flow("WS-Security", await inHeader(url));
await flow("SOAP 1.2", await soap12(url));

const SENTENCE = "The operation is none of getKurs, getKursTf, getAdrLista.";
/** `postProcess` is the client's own means of changing the request before it is sent. */
const callNothing = (client) =>
  client
    .getKursAsync({ arg0: user() }, { postProcess: (xml) => xml.replaceAll("getKurs", "getNothing") })
    .then(
      () => same("a fault", "an error", "none"),
      (error) => error,
    );
const error = await callNothing(await createClientAsync(`${url}?wsdl`));
same("sentence of the error", `soap:Client: ${SENTENCE}`, error.message);
same("fault", { faultcode: "soap:Client", faultstring: SENTENCE }, error.root.Envelope.Body.Fault);
same("status", 500, error.response.status);
const error12 = await callNothing(await createClientAsync(`${url}?wsdl=1.2`, { forceSoap12Headers: true }));
same("code of SOAP 1.2", "soap:Sender", error12.root.Envelope.Body.Fault.Code.Value);
same("sentence of SOAP 1.2", true, error12.message.includes(SENTENCE));
same("status of SOAP 1.2", 400, error12.response.status);

const utility = await createClientAsync(`${environment.UTILITY_URL}?wsdl`);
const [{ return: institution }] = await utility.getInstitutionByKodAsync({
  arg0: user(),
  arg1: fact("INSTITUTION"),
});
same("UtilityFetcher: code", fact("INSTITUTION"), institution.kod);
same("UtilityFetcher: name", fact("INSTITUTION_BENAMN"), institution.benamn);
const [{ return: institutions }] = await utility.findAllInstitutionsAsync({ arg0: user() });
same(
  "UtilityFetcher: all",
  true,
  institutions.some(({ kod }) => kod === fact("INSTITUTION")),
);

console.log(`ok, ${checks} checks`);
