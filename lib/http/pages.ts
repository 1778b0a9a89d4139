/**
 * Everything that is asked for with GET, and the answers to what is not there: off the hot path, so through express.
 */
import { randomUUID } from "node:crypto";
import express, { type NextFunction, type Request, type Response } from "express";
import type { SoapVersion } from "../soap/api.js";
import { encodeFault } from "../soap/fault.js";
import { type IsTrustedProxy, originOf } from "./addresses.js";
import type { ServiceMount } from "./endpoint.js";
import { send } from "./send.js";

export interface PagesOptions {
  readonly services: readonly ServiceMount[];
  /** Scheme, host, port and perhaps a path in front of ours; without it, what the caller used. */
  readonly publicUrl?: string | undefined;
  readonly isTrustedProxy: IsTrustedProxy;
  readonly onError: (error: unknown, incidentId: string) => void;
}

export function buildPages(options: PagesOptions): express.Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("case sensitive routing");
  app.enable("strict routing");
  app.get("/health", (request, response) => sendText(request, response, 200, "ok"));
  for (const mount of options.services) {
    app.all(mount.path, async (request, response) => {
      if (request.method !== "GET") await refuseMethod(request, response);
      else {
        const version = wsdlAskedFor(request.url);
        if (version !== undefined) await sendWsdl(request, response, mount, version, options);
        else await sendText(request, response, 200, description(mount));
      }
    });
  }
  app.use((request, response) => sendText(request, response, 404, "Not found\n"));
  app.use(async (error: unknown, request: Request, response: Response, _next: NextFunction) => {
    if (isClientError(error)) return sendText(request, response, 400, "Bad request\n");
    const incidentId = randomUUID();
    options.onError(error, incidentId);
    return sendText(request, response, 500, `Internal error. Incident: ${incidentId}\n`);
  });
  return app;
}

async function sendWsdl(
  request: Request,
  response: Response,
  mount: ServiceMount,
  version: SoapVersion,
  options: PagesOptions,
): Promise<void> {
  const origin = options.publicUrl?.replace(/\/+$/, "") ?? originOf(request, options.isTrustedProxy);
  if (origin === undefined) return sendText(request, response, 400, "The Host header is not valid.\n");
  const body = Buffer.from(mount.service.wsdl(origin + mount.path, version));
  await send(request, response, { status: 200, contentType: "text/xml; charset=utf-8", body });
}

async function refuseMethod(request: Request, response: Response): Promise<void> {
  const reason = "The method is not allowed; POST a SOAP message, or GET ?wsdl.";
  const fault = encodeFault({ code: "Client", reason, httpStatus: 405 }, "1.1");
  await send(request, response, { ...fault, headers: ["Allow", "GET, POST"] });
}

function sendText(request: Request, response: Response, status: number, text: string): Promise<void> {
  return send(request, response, {
    status,
    contentType: "text/plain; charset=utf-8",
    body: Buffer.from(text),
  });
}

function description({ service, path }: ServiceMount): string {
  return (
    `${service.name}: a SOAP service.\n\n` +
    `Operations: ${service.operations.join(", ")}\n` +
    `POST SOAP 1.1 or 1.2 messages to this address. Its WSDL: ${path}?wsdl\n` +
    `The WSDL with a port for SOAP 1.2 besides: ${path}?wsdl=1.2\n`
  );
}

/** `?wsdl`, `?WSDL`, `?wsdl=…`: which of the two WSDLs, and undefined where none is asked for. */
function wsdlAskedFor(url: string): SoapVersion | undefined {
  const query = url.indexOf("?");
  if (query < 0) return undefined;
  const values = [...new URLSearchParams(url.slice(query))].flatMap(([name, value]) =>
    name.toLowerCase() === "wsdl" ? [value.trim()] : [],
  );
  if (values.length === 0) return undefined;
  // Any other value is some portal's habit, and gets what every portal can read.
  return values.includes("1.2") ? "1.2" : "1.1";
}

/** What express says of a request line that it cannot read, such as a broken percent escape. */
function isClientError(error: unknown): boolean {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === "number" && status >= 400 && status < 500;
}
