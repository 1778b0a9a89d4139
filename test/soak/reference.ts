import { createHash } from "node:crypto";
import type { AuditEntry } from "../../lib/access/audit.js";
import { callerWith, RIGHTS, type Rights, WRONG } from "./callers.js";
import { type Exports, VARIANTS, type Variant } from "./exports.js";
import type { Findings } from "./findings.js";
import type { Program, RunningService } from "./program.js";
import { elements, postOf, type Question, questionsAbout } from "./questions.js";
import { type Answer, keptConnections, post } from "./transport.js";

/** What a question is answered with, and what the audit log has of it. */
export interface Expected {
  readonly digest: string;
  /** Of the line, all but the time and who has called from where. */
  readonly line: string;
}

export interface Reference {
  readonly questions: readonly Question[];
  expected(variant: Variant, rights: Rights, question: number): Expected;
  /** Digest of the answer to somebody who is nobody. */
  refused(question: number): string;
  /** Which export, and which rights, an answer is of, when it is of any. */
  recognise(question: number, digest: string): string;
  /** Number of questions that tell all exports from each other. */
  readonly telling: number;
}

export function digestOf({ status, body }: Answer): string {
  return `${status} ${createHash("sha1").update(body).digest("base64")}`;
}

/** What a line of the audit log says of a call, whoever has made it. */
export function lineOf(entry: AuditEntry): string {
  const { service, method, institutions, kurskoder, terminer, persons, outcome } = entry;
  return JSON.stringify({ service, method, institutions, kurskoder, terminer, persons, outcome });
}

/**
 * Loads each export once, in order, and has all questions answered by a service of one process, which nobody disturbs.
 * The last export is the one that is served then.
 */
export async function makeReference(
  program: Program,
  exports: Exports,
  auditEntries: () => Promise<readonly AuditEntry[]>,
  findings: Findings,
): Promise<Reference> {
  const expected = new Map<string, Expected>();
  const refused: string[] = [];
  const recognised = new Map<string, string[]>();
  let questions: readonly Question[] = [];
  let service: RunningService | undefined;
  const agent = keptConnections();
  try {
    for (const variant of VARIANTS) {
      await program.done(["reload", "--file", exports.next(variant)]);
      service ??= await program.serve(1);
      const { url } = service;
      if (variant === 0) questions = await questionsAbout(url, callerWith("*"));
      const ask = async (question: Question, caller: ReturnType<typeof callerWith>, uid?: string) => {
        const answer = await post({ ...postOf(url, question, caller, uid), agent, address: "127.0.0.1" });
        if (typeof answer === "symbol") throw new Error("an answer that was cut off by nobody");
        return answer;
      };
      const digests = new Map<string, string>();
      for (const rights of RIGHTS) {
        const own = rights === "*" ? undefined : new Set<string>();
        for (const [index, question] of questions.entries()) {
          const answer = await ask(question, callerWith(rights), uidOf(variant, rights, index));
          const digest = digestOf(answer);
          digests.set(uidOf(variant, rights, index), digest);
          const seen = recognised.get(`${index} ${digest}`) ?? [];
          recognised.set(`${index} ${digest}`, [
            ...seen,
            `export ${variant} as seen with the rights ${rights}`,
          ]);
          if (own !== undefined) onlyOwn(own, rights, question, answer, findings);
        }
      }
      if (variant === 0) {
        for (const question of questions) {
          refused.push(digestOf(await ask(question, WRONG[0] as (typeof WRONG)[number])));
        }
      }
      const lines = new Map((await auditEntries()).map((entry) => [entry.uid, lineOf(entry)]));
      for (const [uid, digest] of digests) {
        const line = lines.get(uid);
        if (line === undefined) findings.add("a call has no line in the audit log", uid);
        else expected.set(uid, { digest, line });
      }
    }
  } finally {
    agent.destroy();
    await service?.stop();
  }
  const at = (variant: Variant, rights: Rights, question: number) =>
    expected.get(uidOf(variant, rights, question)) as Expected;
  const telling = questions.filter(
    (_, index) => new Set(VARIANTS.map((variant) => at(variant, "*", index).digest)).size === VARIANTS.length,
  ).length;
  for (const index of questions.keys()) {
    recognised.set(`${index} ${refused[index]}`, ["the refusal of a stranger"]);
  }
  if (telling < questions.length / 4)
    findings.add("the exports are too much alike", `${telling} questions tell them apart`);
  return {
    questions,
    telling,
    expected: at,
    refused: (question) => refused[question] as string,
    recognise: (question, digest) =>
      recognised.get(`${question} ${digest}`)?.join("; ") ?? "no export (a mixture, or damaged)",
  };
}

function uidOf(variant: Variant, rights: Rights, question: number): string {
  return `ref-${variant}-${rights}-${question}`;
}

/**
 * Who may see one school alone is told of that one: whatever school an answer names is that one, and courses are those
 * that the school gives (the first questions, getKurs, tell which).
 */
function onlyOwn(
  own: Set<string>,
  rights: Rights,
  { operation, args }: Question,
  answer: Answer,
  findings: Findings,
): void {
  const xml = answer.body.toString("utf8");
  if (!xml.includes("<valid>true</valid>")) return;
  const schools = [...elements(xml, "Institution"), ...elements(xml, "inst")];
  if (operation.includes("Institution")) schools.push(...elements(xml, "kod"));
  const strange = schools.filter((school) => school !== rights);
  const courses = [...elements(xml, "Kurskod"), ...elements(xml, "kurskod")];
  if (operation === "getKurs") for (const course of courses) own.add(course);
  const strangeCourses = courses.filter((course) => !own.has(course));
  if (strange.length + strangeCourses.length > 0) {
    findings.add(
      "a restricted caller is told of another school",
      `${rights}: ${operation} ${args.slice(0, 100)}: ${[...strange, ...strangeCourses].join(" ")}`,
    );
  }
}
