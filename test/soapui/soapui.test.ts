import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { XmlDocument, XsdValidator } from "libxml2-wasm";
import { after, before, describe, it } from "mocha";
import type { TestService } from "../support/service.js";
import { build, DEMONSTRATION, PROJECT_FILE, SAMPLES_FOLDER, startDemonstration } from "./build.js";
import { call } from "./call.js";
import { curlLines } from "./page.js";
import { expanded } from "./properties.js";
import { problemsOf, readProject, type Step, send } from "./runner.js";

const file = readFileSync(PROJECT_FILE, "utf8");
const project = readProject(file);

describe("the SoapUI project", () => {
  let service: TestService;
  const wsdls = new Map<string, string>();
  let properties: Readonly<Record<string, string>>;

  before(async () => {
    service = await startDemonstration();
    properties = { ...project.properties, endpoint: new URL(service.url).origin };
    for (const { name, definition } of project.interfaces) {
      const served = await fetch(definition.replace(DEMONSTRATION.endpoint ?? "", properties.endpoint ?? ""));
      wsdls.set(name, await served.text());
    }
  });

  after(() => service.close());

  it("and the sample requests are what npm run soapui writes", async () => {
    const built = await build();
    expect(file === built.project, "the project is not what npm run soapui writes").to.equal(true);
    const files = readdirSync(SAMPLES_FOLDER).sort();
    expect(files).to.deep.equal(Object.keys(built.samples).sort());
    for (const name of files) {
      expect(readFileSync(new URL(name, SAMPLES_FOLDER), "utf8")).to.equal(built.samples[name]);
    }
  });

  it("has the form that SoapUI 5 reads", () => {
    const schema = XmlDocument.fromBuffer(readFileSync(new URL("soapui-project.xsd", import.meta.url)));
    const document = XmlDocument.fromString(file);
    const validator = XsdValidator.fromDoc(schema);
    try {
      validator.validate(document);
    } finally {
      validator.dispose();
      document.dispose();
      schema.dispose();
    }
  });

  it("has the WSDLs that npm start serves, and their bindings and operations", () => {
    for (const { name, bindingName, cached, operations, endpoint } of project.interfaces) {
      const served = (wsdls.get(name) ?? "").replaceAll(
        properties.endpoint ?? "",
        DEMONSTRATION.endpoint ?? "",
      );
      expect(cached).to.equal(served);
      const [, namespace] = /targetNamespace="([^"]+)"/.exec(served) ?? [];
      expect(served).to.include(`<wsdl:binding name="${name}"`);
      expect(bindingName).to.equal(`{${namespace}}${name}`);
      const bound = [...served.matchAll(/<soap:address location="([^"]+)"/g)].map(([, address]) => address);
      expect(bound).to.include(expanded(endpoint, DEMONSTRATION));
      const declared = [...served.matchAll(/<wsdl:input name="(\w+)" message=/g)].map(([, input]) => input);
      expect(operations.map((operation) => operation.name)).to.deep.equal(declared);
    }
  });

  it("has a suite for each operation, whose cases have different names", () => {
    const operations = project.interfaces.flatMap(({ operations }) => operations.map(({ name }) => name));
    expect([...new Set(project.steps.map(({ suite }) => suite))]).to.deep.equal(operations);
    const names = project.steps.map(({ suite, testCase }) => `${suite}: ${testCase}`);
    expect(names).to.deep.equal([...new Set(names)]);
  });

  it("has no credentials but its properties", () => {
    expect(project.properties).to.deep.equal(DEMONSTRATION);
    const requests = [
      ...project.steps.map(({ request }) => request),
      ...project.interfaces.flatMap(({ operations }) => operations.map(({ sample }) => sample)),
    ];
    for (const request of requests)
      expect(request).not.to.match(/>\s*(vuxportalen|portalen|hemlig-biljett|larare1|demo)\s*</);
  });

  it("stands on a page whose curl lines send each sample request, and get valid answers", async () => {
    const lines = curlLines();
    expect(lines.map(({ sample }) => sample).sort()).to.deep.equal(readdirSync(SAMPLES_FOLDER).sort());
    for (const { sample, url } of lines) {
      const request = readFileSync(new URL(sample, SAMPLES_FOLDER), "utf8");
      const answer = await call(
        url.replace(DEMONSTRATION.endpoint ?? "", properties.endpoint ?? ""),
        request,
      );
      expect(answer).to.include(`:${sample.replace(/[-.].*$/, "")}Response `);
      expect(answer).not.to.include("<valid>false");
    }
  });

  for (const suite of new Set(project.steps.map((step) => step.suite))) {
    describe(`suite ${suite}`, () => {
      const steps = project.steps.filter((candidate) => candidate.suite === suite);
      const answers = new Map<Step, string>();

      for (const step of steps) {
        it(step.testCase, async () => {
          expect(step.operation).to.equal(suite);
          const answer = await send(step, properties);
          answers.set(step, answer);
          expect(problemsOf(step, answer, wsdls.get(step.interface) ?? "")).to.deep.equal([]);
        });
      }

      it("tells the answers of its cases apart", () => {
        const different = [...new Set(answers.values())];
        const confused = steps.flatMap((step) => {
          const others = different.filter((answer) => answer !== answers.get(step));
          // All are valid by the schema, which takes the longest to find out.
          const assertions = step.assertions.filter(({ type }) => type !== "Schema Compliance");
          const taken = others.filter(
            (answer) => problemsOf({ ...step, assertions }, answer, "").length === 0,
          );
          return taken.map((answer) => `${step.testCase} with ${answer}`);
        });
        expect(confused).to.deep.equal([]);
      });
    });
  }
});
