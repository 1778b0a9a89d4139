import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import Sqlite from "better-sqlite3";
import { listen } from "soap";

/** `soap.listen` with better-sqlite3 and plain objects, as most would write the service. No rights, no audit log. */
const [generation = "", port = "0"] = process.argv.slice(2);
const sql = (name: string) => readFileSync(new URL(`../${name}.sql`, import.meta.url), "utf8");
const connection = new Sqlite(generation, { readonly: true });
connection.pragma("cache_size = -32768");
const persons = connection.prepare(sql("persons"));
const courses = connection.prepare(sql("courses"));

interface Request {
  readonly arg1: { readonly KursTfVO: { Kurskod: string; Starttermin: string; Anmkod: string } };
}

function getAdrLista({ arg1: { KursTfVO } }: Request) {
  const [occasion] = [KursTfVO].flat();
  if (occasion === undefined) throw new Error("no occasion");
  const kurskey = occasion.Kurskod.toUpperCase();
  const found = persons.all(kurskey, `20${occasion.Starttermin}`, occasion.Anmkod) as Row[];
  return {
    return: {
      KursInfoVO: (courses.all(kurskey) as Row[]).map(present),
      Email: false,
      FFG: false,
      FO: false,
      OM: false,
      AdrListEntVO: found.map((person) => ({ Regtyp: "FFG", PersonVO: personVO(present(person)) })),
      valid: true,
    },
  };
}

type Row = Readonly<Record<string, string | null>>;

/** `soap` writes null as xsi:nil. */
function present(row: Row): Record<string, string> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Record<
    string,
    string
  >;
}

/** The schema's order is the alphabet's. */
function personVO(person: Record<string, string>) {
  const { emailadr, enamn, fcoadr, fgatadr, fland, fort, fpostnr, fromdat, ...more } = person;
  const before = { emailadr, enamn, fcoadr, fgatadr, fland, fort, fpostnr, fromdat };
  const { pnr, sekel, sms, tcoadr, telnr, tgatadr, tland, tnamn, tomdat, tort, tpostnr } = more;
  const behind = { pnr, sekel, sms, tcoadr, telnr, tgatadr, tland, tnamn, tomdat, tort, tpostnr };
  return { ...before, gallrad: false, ...behind };
}

const server = createServer((_, response) => response.end());
server.listen(Number(port), "127.0.0.1");
listen(
  server,
  "/",
  { AdresslistaFacadeClientService: { AdresslistaFacadeClientPort: { getAdrLista } } },
  readFileSync(new URL("../../../wsdl/adresslista.wsdl", import.meta.url), "utf8"),
);
