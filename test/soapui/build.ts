/**
 * Makes the project and the sample requests: the golden cases of test/wire on the sample's data, with assertions from the
 * answers of the real service, each of which must show what the golden answer shows.
 */
import { hashSecret } from "../../lib/access/secret.js";
import { SAMPLE_EXPORT, startTestService, type TestService } from "../support/service.js";
import { TNS, wsdlText } from "../support/soap-requests.js";
import { UTILITY_TNS, utilityWsdl } from "../support/utility.js";
import { kindOf } from "./answers.js";
import { assertionsOf, type Match } from "./assertions.js";
import { call } from "./call.js";
import { type GoldenCase, goldenCases, type LeftOut, type ServiceName } from "./golden.js";
import { type Interface, type Project, writeProject } from "./project.js";
import { expanded, property } from "./properties.js";

export const PROJECT_FILE = new URL("adresslista-soapui-project.xml", import.meta.url);
export const SAMPLES_FOLDER = new URL("../../docs/clients/samples/", import.meta.url);

/** What `npm start` serves, and the caller that exists there. */
export const DEMONSTRATION: Readonly<Record<string, string>> = {
  endpoint: "http://127.0.0.1:8080",
  caller: "demo",
  ticket: "demo",
  uid: "larare1",
};

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  endpoint: "Where the service stands; npm start serves the demonstration here",
  caller: "Name of the calling portal, userVO.authinfovo.caller",
  ticket: "The portal's secret, userVO.authinfovo.ticket.ticket",
  uid: "The end user, userVO.uid",
};

const DESCRIPTION =
  "LPW's services T04 (AdresslistaFetcher) and T22 (UtilityFetcher) over adult education. One test suite for each " +
  "operation; the test cases are about the sample export that npm start serves. Written by npm run soapui.";

const SERVICES: readonly { readonly name: ServiceName; readonly namespace: string; readonly wsdl: string }[] =
  [
    { name: "AdresslistaFetcher", namespace: TNS, wsdl: wsdlText },
    { name: "UtilityFetcher", namespace: UTILITY_TNS, wsdl: utilityWsdl },
  ];

const HALF_YEARS_OF_TODAY = "UtilityFetcher/getCurrAndNextSemester/half-years-of-today";

/** Golden cases that are the sample requests of their operations; a further one of an operation has a name of its own. */
const SAMPLES: Readonly<Record<string, string>> = {
  getKurs: "getKurs/with-termin-those-that-begin-or-go-on-in-it",
  getKursTf: "getKursTf/FFG-before-FORT-then-begin-date-and-anmkod",
  getAdrLista: "getAdrLista/email-fills-both-lists",
  "getAdrLista-free-search": "getAdrLista/free-search-FFG-by-Starttermin",
  findAllInstitutions: "UtilityFetcher/findAllInstitutions/all-of-them-by-code-in-swedish-order",
  getInstitutionByKod: "UtilityFetcher/getInstitutionByKod/known-in-any-case",
  findInstitutionsByBenamn: "UtilityFetcher/findInstitutionsByBenamn/å-and-ö-in-capitals",
  findInstitutionsByBenamne: "UtilityFetcher/findInstitutionsByBenamne/the-register-has-no-english-names",
  findInstitutionsByDelkod: "UtilityFetcher/findInstitutionsByDelkod/a-part-of-the-code-in-any-case",
  findAllPlaces: "UtilityFetcher/findAllPlaces/all-of-them-one-without-a-name",
  findHsk: "UtilityFetcher/findHsk/the-register-has-none",
  getCurrAndNextSemester: HALF_YEARS_OF_TODAY,
  getKursByInst: "UtilityFetcher/getKursByInst/the-institutions-courses-by-kurskod-in-swedish-order",
  getKursByKod: "UtilityFetcher/getKursByKod/all-that-the-register-has",
  getKursTillFByKod: "UtilityFetcher/getKursTillFByKod/occasions-of-any-time-by-starttermin",
  getProvByKurskod: "UtilityFetcher/getProvByKurskod/the-register-has-none",
  findNameByPnr: "UtilityFetcher/findNameByPnr/ten-characters",
  getNameByPartPnr: "UtilityFetcher/getNameByPartPnr/six-digits",
  fetchAdrInfo: "UtilityFetcher/fetchAdrInfo/all-that-a-personvo-can-hold",
};

interface Built {
  readonly project: string;
  /** By file name. */
  readonly samples: Readonly<Record<string, string>>;
  readonly leftOut: readonly LeftOut[];
}

interface Case extends Omit<GoldenCase, "answer"> {
  readonly description: string;
  /** Absent from a case that test/wire cannot have, since its answer changes with the day. */
  readonly golden?: string;
  /** What is asked of the answer besides. */
  readonly further?: readonly Match[];
}

/** @throws Error that names the cases which show something else on the sample than test/wire has. */
export async function build(): Promise<Built> {
  const operations = {
    AdresslistaFetcher: operationsOf(wsdlText),
    UtilityFetcher: operationsOf(utilityWsdl),
  };
  const { cases: golden, leftOut } = goldenCases(operations);
  const cases: readonly Case[] = [
    ...golden.map(({ answer, ...rest }) => ({
      ...rest,
      description: `test/wire/${rest.id}`,
      golden: answer,
    })),
    halfYearsOfToday(golden),
  ];
  const service = await startDemonstration();
  const asked = await askAll(service, cases).finally(() => service.close());

  const requestOf = (id: string) => {
    const found = cases.find((candidate) => candidate.id === id);
    if (found === undefined) throw new Error(`${id} is no case`);
    return found.request;
  };
  const interfaces = SERVICES.map(
    ({ name, namespace, wsdl }): Interface & { readonly service: ServiceName } => ({
      service: name,
      name: bindingOf(wsdl),
      namespace,
      definition: `${DEMONSTRATION.endpoint}/cxf/${name}?wsdl`,
      wsdl,
      endpoint: `${property("endpoint")}/cxf/${name}`,
      operations: operations[name].map((operation) => ({
        name: operation,
        sample: requestOf(SAMPLES[operation] ?? ""),
      })),
    }),
  );
  const project: Project = {
    name: "adresslista",
    description: DESCRIPTION,
    properties: Object.entries(DEMONSTRATION).map(([name, value]) => ({
      name,
      value,
      description: DESCRIPTIONS[name] ?? "",
    })),
    interfaces,
    suites: interfaces.flatMap((of) =>
      operations[of.service].map((operation) => ({
        interface: of,
        operation,
        cases: asked.filter(
          (candidate) => candidate.service === of.service && candidate.operation === operation,
        ),
      })),
    ),
  };
  const samples = Object.entries(SAMPLES).map(([name, id]) => [`${name}.xml`, sampleFile(requestOf(id))]);
  return { project: writeProject(project), samples: Object.fromEntries(samples), leftOut };
}

/** The demonstration as `npm start` serves it, but for its port. */
export async function startDemonstration(): Promise<TestService> {
  const { caller = "", ticket = "" } = DEMONSTRATION;
  const callers = { [caller]: { institutions: "*", secretHash: await hashSecret(ticket) } } as const;
  return startTestService({ exportFile: SAMPLE_EXPORT, callers });
}

/** The cases with their assertions. */
async function askAll(service: TestService, cases: readonly Case[]) {
  const different: string[] = [];
  const asked = [];
  for (const { golden, further, ...rest } of cases) {
    const { id, request } = rest;
    const answer = await call(new URL(rest.service, service.url), expanded(request, DEMONSTRATION));
    const isAboutIncorrectNumbers = id.includes("incorrect");
    const shown = kindOf(answer, isAboutIncorrectNumbers).join(", ");
    const expected = golden === undefined ? shown : kindOf(golden, isAboutIncorrectNumbers).join(", ");
    if (shown !== expected) different.push(`${id}\n  test/wire: ${expected}\n  sample:    ${shown}`);
    asked.push({ ...rest, assertions: assertionsOf(answer, further) });
  }
  if (different.length > 0) throw new Error(`these show something else:\n${different.join("\n")}`);
  return asked;
}

/** A request without arguments, as the golden one of another operation. */
function halfYearsOfToday(golden: readonly GoldenCase[]): Case {
  const like = golden.find(({ id }) => id === SAMPLES.findAllInstitutions);
  if (like === undefined) throw new Error("no golden case to make the request from");
  const operation = "getCurrAndNextSemester";
  return {
    id: HALF_YEARS_OF_TODAY,
    service: "UtilityFetcher",
    operation,
    name: "the half years of today and after",
    description: "The answer changes with the day.",
    request: like.request.replaceAll(like.operation, operation),
    further: [
      ["current half-year, YYYYT", "string-length(//return/currentSemester)", "5"],
      ["next half-year is later", "//return/nextSemester > //return/currentSemester", "true"],
    ],
  };
}

function operationsOf(wsdl: string): readonly string[] {
  return [...wsdl.matchAll(/<wsdl:input name="(\w+)" message=/g)].map(([, name = ""]) => name);
}

function bindingOf(wsdl: string): string {
  return /<wsdl:binding name="(\w+)"/.exec(wsdl)?.[1] ?? "";
}

function sampleFile(request: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${expanded(request, DEMONSTRATION)}\n`;
}
