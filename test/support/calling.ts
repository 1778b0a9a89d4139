import { type Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { envelope, TNS } from "./soap-requests.js";
import { UTILITY_TNS } from "./utility.js";

/** A call of either service, with all that a portal says of itself. Values are written as they stand, unescaped. */
export interface PortalCall {
  readonly service?: "AdresslistaFetcher" | "UtilityFetcher";
  readonly method?: string;
  /** What stands in `arg1`. */
  readonly arg1?: string;
  readonly uid?: string;
  readonly type?: string;
  readonly caller?: string;
  readonly ticket?: string;
  readonly timestamp?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Without a method `getKurs`; without the end user's name and type those of an employee. */
export function messageOf(call: PortalCall): string {
  const { service, method = "getKurs", arg1 = "", uid = "larare1", type = "2" } = call;
  const { caller, ticket, timestamp } = call;
  const sent = [element("ticket", ticket), element("timestamp", timestamp)].join("");
  const authinfo = [element("caller", caller), element("ticket", sent || undefined)].join("");
  const arg0 = [element("authinfovo", authinfo || undefined), element("type", type), element("uid", uid)];
  const message = envelope(`<n:${method}><arg0>${arg0.join("")}</arg0><arg1>${arg1}</arg1></n:${method}>`);
  return service === "UtilityFetcher" ? message.replace(TNS, UTILITY_TNS) : message;
}

/** Sends the call to the service at `url` (scheme, host and port), by default on a connection of its own. */
export function callAt(
  url: string,
  call: PortalCall,
  options: RequestOptions & { readonly agent?: Agent | false } = {},
): Promise<Answered> {
  return post(`${url}/cxf/${call.service ?? "AdresslistaFetcher"}`, messageOf(call), options);
}

export function post(url: string, message: string, options: RequestOptions = {}): Promise<Answered> {
  const request = url.startsWith("https:") ? httpsRequest : httpRequest;
  const headers = {
    "Content-Type": "text/xml; charset=utf-8",
    "Content-Length": Buffer.byteLength(message),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent: false, ...options, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    sent.on("error", reject);
    sent.end(message);
  });
}

function element(name: string, content: string | undefined): string {
  return content === undefined ? "" : `<${name}>${content}</${name}>`;
}
