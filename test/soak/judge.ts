import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEntry } from "../../lib/access/audit.js";
import type { Caller, Rights } from "./callers.js";
import type { Variant } from "./exports.js";
import type { Findings } from "./findings.js";
import type { Question } from "./questions.js";
import { digestOf, lineOf, type Reference } from "./reference.js";
import type { Period, Timeline } from "./timeline.js";
import type { Answer } from "./transport.js";

/** Answers that are kept to be looked at, of those that are wrong. */
const KEPT_ANSWERS = 20;

/** Whoever calls: with rights that stay, rights that change, or none. */
export interface Portal {
  readonly caller: Caller;
  /** 127.0.0.x */
  readonly address: string;
  readonly rights: Rights | "refused" | Timeline<Rights | "refused">;
}

/** A call, from when it is sent on. */
export interface Asked {
  readonly number: number;
  readonly uid: string;
  readonly question: number;
  readonly portal: Portal;
  readonly sent: number;
}

/** What must stand in the audit log of a call. */
interface Line {
  readonly caller: string | undefined;
  readonly address: string;
  /** How many lines there must and may be. */
  least: 0 | 1;
  most: 0 | 1;
  /** One of these it must be; undefined: not known, since nobody has seen the answer. */
  lines: ReadonlySet<string> | undefined;
  found: number;
}

/** Lines without a name: refusals of strangers, and faults. */
interface Nameless {
  least: number;
  most: number;
  found: number;
}

/** Judges each answer when it comes, and the audit log when all is over. */
export class Judge {
  readonly #lines: (Line | undefined)[] = [];
  readonly #nameless = new Map<string, Nameless>();
  #keptAnswers = 0;
  /** Right answers by export. */
  readonly answersOf: number[];

  constructor(
    private readonly reference: Reference,
    private readonly served: Timeline<Variant>,
    private readonly findings: Findings,
    private readonly folder: string,
    variants: number,
  ) {
    this.answersOf = Array.from({ length: variants }, () => 0);
  }

  /** Until it is answered, or is known not to have arrived, it may have a line or not. */
  ask(portal: Portal, question: number): Asked {
    const number = this.#lines.length;
    const uid = `soak-${number}`;
    const line: Line = {
      caller: portal.caller.name,
      address: portal.address,
      least: 0,
      most: 1,
      lines: undefined,
      found: 0,
    };
    if (portal.rights === "refused") line.most = 0;
    this.#lines.push(line);
    if (portal.rights !== "refused" && typeof portal.rights === "string") {
      return { number, uid, question, portal, sent: performance.now() };
    }
    // Refused, it stands there without its uid.
    this.#namelessOf(this.#refusalKey(portal, question)).most += 1;
    return { number, uid, question, portal, sent: performance.now() };
  }

  /** The request did not arrive as a whole. */
  neverArrived({ number, portal, question }: Asked): void {
    (this.#lines[number] as Line).most = 0;
    if (typeof portal.rights !== "string" || portal.rights === "refused") {
      this.#namelessOf(this.#refusalKey(portal, question)).most -= 1;
    }
  }

  /** The answer has begun, and nobody has read it: what it says is not known, but it was written down before. */
  begun(asked: Asked): void {
    if (typeof asked.portal.rights !== "string" || asked.portal.rights === "refused") return;
    const line = this.#lines[asked.number] as Line;
    line.least = 1;
    line.lines = new Set(this.#possible(asked, performance.now()).map(({ expected }) => expected.line));
  }

  answered(asked: Asked, answer: Answer): void {
    const { portal, question, number, sent } = asked;
    const now = performance.now();
    const digest = digestOf(answer);
    const rights = this.#rights(portal, sent, now);
    const isRefusal = digest === this.reference.refused(question);
    if (isRefusal && rights.some(({ state }) => state === "refused")) {
      const nameless = this.#namelessOf(this.#refusalKey(portal, question));
      nameless.least += 1;
      (this.#lines[number] as Line).most = 0;
      if (typeof portal.rights === "object") {
        portal.rights.seen(rights.filter(({ state }) => state === "refused") as Period<Rights | "refused">[]);
      }
      return;
    }
    const matching = this.#possible(asked, now).filter(({ expected }) => expected.digest === digest);
    if (matching.length === 0) {
      this.#wrong(asked, answer, digest, now);
      return;
    }
    const line = this.#lines[number] as Line;
    line.least = 1;
    line.lines = new Set(matching.map(({ expected }) => expected.line));
    if (typeof portal.rights !== "string") {
      this.#namelessOf(this.#refusalKey(portal, question)).most -= 1;
      portal.rights.seen([...new Set(matching.map(({ right }) => right as Period<Rights | "refused">))]);
    }
    const exports = [...new Set(matching.map(({ period }) => period))];
    this.served.seen(exports);
    const [only, ...others] = new Set(exports.map(({ state }) => state));
    if (only !== undefined && others.length === 0) this.answersOf[only] = (this.answersOf[only] ?? 0) + 1;
  }

  /** A message that is no call was answered with that fault, or (`least` 0) perhaps. */
  nameless(
    address: string,
    service: string,
    method: string | undefined,
    outcome: string,
    least: 0 | 1,
  ): void {
    const nameless = this.#namelessOf(`${address} ${service} ${method} ${outcome}`);
    nameless.least += least;
    nameless.most += 1;
  }

  /** Every line of the audit log since the soak began. Returns figures. */
  async judgeAudit(entries: AsyncIterable<AuditEntry>): Promise<AuditFigures> {
    const outcomes = new Map<string, number>();
    let lines = 0;
    for await (const entry of entries) {
      const { uid, verified, address, service, method, outcome, more = 0 } = entry;
      lines += 1;
      const count = `${service}.${method ?? "-"} ${outcome}`;
      outcomes.set(count, (outcomes.get(count) ?? 0) + 1 + more);
      if (!verified) {
        this.#namelessOf(`${address} ${service} ${method} ${outcome}`).found += 1 + more;
        continue;
      }
      const number = /^soak-(\d+)$/.exec(uid ?? "")?.[1];
      const line = number === undefined ? undefined : this.#lines[Number(number)];
      if (line === undefined) {
        this.findings.add("the audit log has a line of no call", JSON.stringify(entry));
        continue;
      }
      line.found += 1;
      const isOfCaller = entry.caller === line.caller && address === line.address;
      if (!isOfCaller || (line.lines !== undefined && !line.lines.has(lineOf(entry)))) {
        this.findings.add(
          "a line of the audit log says something else than what was answered",
          `${JSON.stringify(entry)} instead of ${[...(line.lines ?? [])].join(" or ")}, ${line.caller} from ${line.address}`,
        );
      }
    }
    return { lines, outcomes, ...this.#countLines() };
  }

  #countLines(): Omit<AuditFigures, "lines" | "outcomes"> {
    const figures = { answered: 0, unanswered: 0, unansweredWithLine: 0 };
    for (const [number, line] of this.#lines.entries()) {
      if (line === undefined) continue;
      if (line.least === 1) figures.answered += 1;
      else if (line.most === 1) {
        figures.unanswered += 1;
        figures.unansweredWithLine += line.found;
      }
      if (line.found < line.least)
        this.findings.add("an answered call has no line in the audit log", `soak-${number}`);
      if (line.found > line.most) {
        this.findings.add(
          "a call has more lines in the audit log than it may",
          `soak-${number}: ${line.found}`,
        );
      }
    }
    for (const [key, { least, most, found }] of this.#nameless) {
      figures.answered += least;
      if (found < least || found > most) {
        this.findings.add(
          "refusals in the audit log are not as many as there were",
          `${key}: ${found}, and ${least} to ${most} were sent`,
        );
      }
    }
    return figures;
  }

  #rights(portal: Portal, sent: number, now: number): readonly Pick<Period<Rights | "refused">, "state">[] {
    return typeof portal.rights === "string" ? [{ state: portal.rights }] : portal.rights.between(sent, now);
  }

  /** Every answer that is right to a call that is answered now. */
  #possible({ portal, question, sent }: Asked, now: number) {
    return this.served
      .between(sent, now)
      .flatMap((period) =>
        this.#rights(portal, sent, now).flatMap((right) =>
          right.state === "refused"
            ? []
            : [{ period, right, expected: this.reference.expected(period.state, right.state, question) }],
        ),
      );
  }

  #wrong({ uid, question, portal, sent }: Asked, answer: Answer, digest: string, now: number): void {
    const { service, operation, args } = this.reference.questions[question] as Question;
    const states = this.served.between(sent, now).map(({ state }) => state);
    const rights = this.#rights(portal, sent, now).map(({ state }) => state);
    let kept = "";
    if (this.#keptAnswers < KEPT_ANSWERS) {
      this.#keptAnswers += 1;
      mkdirSync(this.folder, { recursive: true });
      kept = `, kept as ${join(this.folder, uid)}`;
      writeFileSync(join(this.folder, uid), answer.body);
    }
    this.findings.add(
      "a wrong answer",
      `${uid} ${portal.caller.name ?? "nobody"} ${service}.${operation} ${args.slice(0, 80)}: HTTP ${answer.status}, that of ` +
        `${this.reference.recognise(question, digest)}, while export ${states.join(" or ")} was served and the rights were ` +
        `${rights.join(" or ")}${kept}`,
    );
  }

  #refusalKey(portal: Portal, question: number): string {
    const { service, operation } = this.reference.questions[question] as Question;
    return `${portal.address} ${service} ${operation} auth.failed`;
  }

  #namelessOf(key: string): Nameless {
    const known = this.#nameless.get(key) ?? { least: 0, most: 0, found: 0 };
    this.#nameless.set(key, known);
    return known;
  }
}

export interface AuditFigures {
  readonly lines: number;
  /** Calls that were answered, and so have their line. */
  readonly answered: number;
  /** Calls whose answer nobody has seen, and how many of them have a line. */
  readonly unanswered: number;
  readonly unansweredWithLine: number;
  readonly outcomes: ReadonlyMap<string, number>;
}
