import { Agent, request } from "node:http";
import { expect } from "chai";
import { adresslista, type RunOptions } from "../cli/program.js";
import { envelope } from "../support/soap-requests.js";

/** One call of T04: the operation, and what stands in its `arg1`. */
export interface Call {
  readonly operation: "getKurs" | "getKursTf" | "getAdrLista";
  readonly arg1: string;
}

export const CALLER = "portal";
export const SECRET = "hemlig-biljett";
const TERM = "262";
/** Courses whose occasions and participants are asked for. */
const COURSES = 6;

/** Registers the caller whose calls these are. */
export async function addCaller(options: RunOptions): Promise<void> {
  const { code, stderr } = await adresslista(["caller", "add", CALLER], { ...options, input: `${SECRET}\n` });
  expect(code, stderr).to.equal(0);
}

/** Calls of all three methods, about schools and courses of the generated exports that are served at `url`. */
export async function callsAbout(url: string): Promise<readonly Call[]> {
  const kurs: readonly Call[] = ["S000", "S001", "S002"].flatMap((institution) => [
    { operation: "getKurs", arg1: `<Institution>${institution}</Institution>` },
    { operation: "getKurs", arg1: `<Institution>${institution}</Institution><Termin>${TERM}</Termin>` },
  ]);
  const answers = await answersOf(url, kurs);
  const codes = answers.flatMap((answer) =>
    [...answer.matchAll(/<Kurskod>([^<]+)<\/Kurskod>/g)].map(([, code]) => code),
  );
  const courses = [...new Set(codes)].slice(0, COURSES);
  return [
    ...kurs,
    ...courses.flatMap((code): Call[] => [
      { operation: "getKursTf", arg1: `<Kurskod>${code}</Kurskod><Termin>${TERM}</Termin>` },
      {
        operation: "getAdrLista",
        arg1: `<KursTfVO><Kurskod>${code}</Kurskod><Starttermin>${TERM}</Starttermin></KursTfVO><Email>true</Email><FFG>true</FFG><FO>true</FO>`,
      },
    ]),
  ];
}

/** The answers in the calls' order. Fails when one of them is no answer with data. */
export async function answersOf(url: string, calls: readonly Call[]): Promise<string[]> {
  const answers: string[] = [];
  for (const call of calls) answers.push(await answerTo(url, call));
  return answers;
}

/** As many connections as there are clients, kept open as portals keep them. */
const agent = new Agent({ keepAlive: true });

/** The body of the answer. Throws for a fault, for `valid` = false, and when there is no answer. */
export async function answerTo(url: string, call: Call): Promise<string> {
  const { status, body } = await post(url, bodyOf(call));
  if (status !== 200 || !body.includes("<valid>true</valid>")) {
    throw new Error(`${call.operation} was answered with ${status}: ${body.slice(0, 500)}`);
  }
  return body;
}

function bodyOf({ operation, arg1 }: Call): string {
  return envelope(
    `<n:${operation}><arg0><authinfovo><caller>${CALLER}</caller><ticket><ticket>${SECRET}</ticket></ticket></authinfovo>` +
      `<type>2</type><uid>larare1</uid></arg0><arg1>${arg1}</arg1></n:${operation}>`,
  );
}

function post(
  url: string,
  body: string,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/cxf/AdresslistaFetcher`,
      { method: "POST", agent, headers: { "Content-Type": "text/xml; charset=utf-8" } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString("utf8") }),
        );
        response.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
