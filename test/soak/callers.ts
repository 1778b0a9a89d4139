import { createHmac } from "node:crypto";
import type { Program } from "./program.js";

/** Institutions that a caller may see; the schools of generated exports are S000, S001, S002. */
export const RIGHTS = ["*", "S000", "S001"] as const;
export type Rights = (typeof RIGHTS)[number];

/** How a caller shows who it is: what stands in `arg0` beside uid and type, and perhaps a header. */
export interface Caller {
  /** As the audit log names it; undefined: it is no caller of ours. */
  readonly name: string | undefined;
  authinfo(uid: string): string;
  header?(): string;
}

const SECRET = "hemlig-biljett-åäö";
const HMAC_SECRET = "delad-hemlighet-för-hmac";
const WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/** Older than a ticket may be. */
const OLD_TICKET_MILLISECONDS = 20 * 60_000;

const bySecret = (name: string, secret = SECRET): Caller => ({
  name,
  authinfo: () =>
    `<authinfovo><caller>${name}</caller><ticket><ticket>${secret}</ticket></ticket></authinfovo>`,
});

const byHmac = (name: string, age = 0): Caller => ({
  name,
  authinfo(uid) {
    const timestamp = new Date(Date.now() - age).toISOString();
    const ticket = createHmac("sha256", HMAC_SECRET).update(`${uid}:${timestamp}`).digest("base64");
    return (
      `<authinfovo><caller>${name}</caller><ticket><ticket>${ticket}</ticket>` +
      `<timestamp>${timestamp}</timestamp><uid>${uid}</uid></ticket></authinfovo>`
    );
  },
});

const byUsernameToken = (name: string): Caller => ({
  name,
  authinfo: () => "",
  header: () =>
    `<w:Security xmlns:w="${WSSE}"><w:UsernameToken><w:Username>${name}</w:Username>` +
    `<w:Password>${SECRET}</w:Password></w:UsernameToken></w:Security>`,
});

/** Callers whose rights stay as they are. */
export const STEADY: readonly { readonly caller: Caller; readonly rights: Rights }[] = [
  { caller: bySecret("portal"), rights: "*" },
  { caller: byHmac("hmacportal"), rights: "*" },
  { caller: bySecret("skola0"), rights: "S000" },
  { caller: byHmac("skola1"), rights: "S001" },
  { caller: byUsernameToken("portal"), rights: "*" },
];

/** Of each kind of rights a caller. */
export function callerWith(rights: Rights): Caller {
  return (STEADY.find((steady) => steady.rights === rights) as (typeof STEADY)[number]).caller;
}

/** A caller that is removed, added again and given other rights. */
export const CHANGING = bySecret("vikarie");

/** Whom the service must refuse. The first needs no check that costs anything, and no pause. */
export const WRONG: readonly Caller[] = [
  { name: undefined, authinfo: () => "" },
  bySecret("portal", "fel-biljett"),
  { ...bySecret("okand"), name: undefined },
  byHmac("hmacportal", OLD_TICKET_MILLISECONDS),
  bySecret("hmacportal", HMAC_SECRET),
];

export async function addCallers(program: Program): Promise<void> {
  await program.done(["caller", "add", "portal"], `${SECRET}\n`);
  await program.done(["caller", "add", "hmacportal", "--verifier", "hmac"], `${HMAC_SECRET}\n`);
  await program.done(["caller", "add", "skola0", "--institutions", "S000"], `${SECRET}\n`);
  await program.done(
    ["caller", "add", "skola1", "--institutions", "S001", "--verifier", "hmac"],
    `${HMAC_SECRET}\n`,
  );
}

export async function addChanging(program: Program, rights: Rights): Promise<void> {
  await program.done(["caller", "add", "vikarie", "--institutions", rights], `${SECRET}\n`);
}
