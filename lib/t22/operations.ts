import type { Call, Subject } from "../lpw/call.js";
import { isValid, messageVOs } from "../lpw/messages.js";
import { type Method, type Operation, operationOf, type ServiceDependencies } from "../lpw/operations.js";
import type { Encodable } from "../soap/api.js";
import type { Fields, ListAnswer, ObjectAnswer } from "./call.js";
import { getKursByInst, getKursByKod, getKursTillFByKod, getProvByKurskod } from "./courses.js";
import {
  findAllInstitutions,
  findInstitutionsByBenamn,
  findInstitutionsByBenamne,
  findInstitutionsByDelkod,
  getInstitutionByKod,
} from "./institutions.js";
import { fetchAdrInfo, findNameByPnr, getNameByPartPnr } from "./persons.js";
import { findAllPlaces, findHsk, getCurrAndNextSemester } from "./registers.js";
import { readHsk, readNamn, readNumbers, readPlain, readText, type TextRequest } from "./request.js";

export interface T22Dependencies extends ServiceDependencies {
  /** The day in Sweden, ÅÅÅÅ-MM-DD. */
  readonly today: () => string;
}

export interface T22Operations {
  readonly findAllInstitutions: Operation;
  readonly getInstitutionByKod: Operation;
  readonly findInstitutionsByBenamn: Operation;
  readonly findInstitutionsByBenamne: Operation;
  readonly findInstitutionsByDelkod: Operation;
  readonly findAllPlaces: Operation;
  readonly findHsk: Operation;
  readonly getCurrAndNextSemester: Operation;
  readonly getKursByInst: Operation;
  readonly getKursByKod: Operation;
  readonly getKursTillFByKod: Operation;
  readonly getProvByKurskod: Operation;
  readonly findNameByPnr: Operation;
  readonly getNameByPartPnr: Operation;
  readonly fetchAdrInfo: Operation;
}

/** UtilityFetcher (lpw-wire.md): the support service of the lists around T04. */
export function t22Operations(dependencies: T22Dependencies): T22Operations {
  const { today } = dependencies;
  const object = <Request>(
    read: Method<Request, Fields>["read"],
    answer: (call: Call<Request>) => Promise<ObjectAnswer>,
    about: (request: Request) => Subject = () => ({}),
  ) => operationOf(dependencies, { read, answer, write: valueObject, about });
  const list = <Request>(
    read: Method<Request, readonly Fields[]>["read"],
    answer: (call: Call<Request>) => Promise<ListAnswer>,
    about: (request: Request) => Subject = () => ({}),
  ) => operationOf(dependencies, { read, answer, write: valueObjects, about });
  const institution = ({ text }: TextRequest): Subject => ({ institutions: [text] });
  const course = ({ text }: TextRequest): Subject => ({ kurskoder: [text] });
  return {
    findAllInstitutions: list(readPlain, findAllInstitutions),
    getInstitutionByKod: object(readText, getInstitutionByKod, institution),
    findInstitutionsByBenamn: list(readText, findInstitutionsByBenamn),
    findInstitutionsByBenamne: list(readText, findInstitutionsByBenamne),
    findInstitutionsByDelkod: list(readText, findInstitutionsByDelkod),
    findAllPlaces: list(readPlain, findAllPlaces),
    findHsk: list(readHsk, findHsk),
    getCurrAndNextSemester: object(readPlain, (call) => getCurrAndNextSemester(call, today())),
    getKursByInst: list(readText, getKursByInst, institution),
    getKursByKod: object(readText, getKursByKod, course),
    getKursTillFByKod: object(readText, getKursTillFByKod, course),
    getProvByKurskod: object(readText, getProvByKurskod, course),
    findNameByPnr: object(readNamn, (call) => findNameByPnr(call, today())),
    getNameByPartPnr: object(readNamn, getNameByPartPnr),
    fetchAdrInfo: object(readNumbers, (call) => fetchAdrInfo(call, today())),
  };
}

function valueObject({ data, messages }: ObjectAnswer): Encodable {
  return { ...data, valid: isValid(messages), messages: messageVOs(messages) };
}

/** A list has no place of its own for messages: when something is wrong it is one element, which says it. */
function valueObjects({ data, messages }: ListAnswer): Encodable {
  if (!isValid(messages)) return [valueObject({ data: undefined, messages })];
  return (data ?? []).map((fields) => ({ ...fields, valid: true }));
}
