import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { describe, it } from "mocha";
import { buildHttpServer, closeHttpServer } from "../../lib/http/server.js";
import { isValid, messageVOs } from "../../lib/lpw/messages.js";
import { operationOf, type ServiceDependencies } from "../../lib/lpw/operations.js";
import { asText } from "../../lib/lpw/request.js";
import { forbiddenCourses } from "../../lib/lpw/rights.js";
import { loadService } from "../../lib/soap/codec.js";
import { storeWith, T04_SETTINGS, testRegister } from "../support/t04.js";
import { utilityWsdl } from "../support/utility.js";
import { expectValidResponse } from "../support/xsd.js";

/** Another of LPW's services, RegisterFetcher: a WSDL of its own and one operation. */
const WSDL = utilityWsdl
  .replaceAll("facadeclient.utility.", "facadeclient.register.")
  .replaceAll("UtilityFacadeClient", "RegisterFacadeClient")
  .replaceAll("UtilityFetcher", "RegisterFetcher")
  .replace(
    /(<wsdl:portType[^>]*>)[\s\S]*?(<wsdl:operation name="getProvByKurskod">[\s\S]*?<\/wsdl:operation>)[\s\S]*?(<\/wsdl:portType>)/,
    "$1$2$3",
  );

function registerOperations(dependencies: ServiceDependencies) {
  return {
    getProvByKurskod: operationOf(dependencies, {
      read: ({ arg1 }) => asText(arg1) ?? "",
      answer: async (call) => ({ data: {}, messages: await forbiddenCourses(call, [call.request]) }),
      write: ({ messages }) => ({ valid: isValid(messages), messages: messageVOs(messages) }),
    }),
  };
}

describe("a third service", () => {
  it("is a WSDL and its operations: gate, faults, callers and rights are there", async () => {
    const opened = await storeWith(testRegister);
    const service = loadService(WSDL);
    const operations = registerOperations({
      store: opened.store,
      settings: T04_SETTINGS,
      authenticate: async ({ ticket }) =>
        ticket === "rätt" ? { name: "vux", institutions: new Set(["VUX1"]) } : undefined,
    });
    const server = buildHttpServer({
      services: [{ path: "/cxf/RegisterFetcher", service, operations }],
      trustedProxies: [],
      maxRequestBytes: 10_000,
      onError: (error) => {
        throw error;
      },
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cxf/RegisterFetcher`;
    const ask = async (ticket: string, kurskod: string, before = "") => {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "text/xml; charset=utf-8" },
        body:
          `${before}<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><getProvByKurskod>` +
          `<arg0><uid>larare</uid><type>2</type><authinfovo><caller>vux</caller><ticket><ticket>${ticket}</ticket></ticket></authinfovo></arg0>` +
          `<arg1>${kurskod}</arg1></getProvByKurskod></s:Body></s:Envelope>`,
      });
      return answer.text();
    };
    try {
      const wsdl = await (await fetch(`${url}?wsdl`)).text();
      expect(wsdl).to.include(`location="${url}"`);
      const right = await ask("rätt", "MATMAT02b");
      expectValidResponse(right, wsdl);
      expect(right).to.include("<valid>true</valid>");
      expect(await ask("fel", "MATMAT02b")).to.include("<key>auth.failed</key>");
      expect(await ask("rätt", "ENGENG05")).to.include("<key>auth.forbidden</key>");
      expect(await ask("rätt", "MATMAT02b", "<!DOCTYPE a>")).to.include("<faultcode>soap:Client</faultcode>");
    } finally {
      await closeHttpServer(server, 1_000);
      await opened.close();
    }
  });
});
