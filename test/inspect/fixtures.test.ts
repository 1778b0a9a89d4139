import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { readImsFile } from "../../lib/ims/read.js";
import { inspectExport } from "../../lib/inspect/inspect.js";
import { openForInspection } from "../../lib/inspect/open.js";
import type { ExportProfile } from "../../lib/inspect/profile.js";
import { formatProfile } from "../../lib/inspect/text.js";
import { defaultMapping } from "../../lib/mapping/settings.js";

const folder = fileURLToPath(new URL("../fixtures/ims/", import.meta.url));
const fixtures = readdirSync(folder).filter((name) => name.endsWith(".xml"));

describe("inspect and what real files do", () => {
  for (const name of fixtures) {
    it(`tells of ${name} what a reading tells`, async () => {
      const path = folder + name;
      const read = await readImsFile(path, {}).catch(refusal);
      const profile = await inspected(path);
      const [file] = profile.files;
      if (read instanceof AdresslistaError) {
        expect(file?.stopped).to.equal(read.message);
      } else {
        expect(file).to.deep.include({ stopped: null, sha256: read.sha256, counts: read.records });
        expect(file?.encoding.found).to.equal(read.encoding);
        expect(file?.repairs.map(({ kind, count }) => ({ kind, count }))).to.deep.equal(
          read.repairs.map(({ kind, count }) => ({ kind, count })),
        );
      }
      expect(formatProfile(profile)).to.include(path);
    });
  }

  it("joins persons in one file with memberships in another", async () => {
    const files = ["persons-only.xml", "groups-and-memberships-only.xml"].map((name) => folder + name);
    const [, groups] = files;
    expect((await inspected(groups as string)).references.unknownPersons.count).to.be.above(0);
    expect((await inspected(...files)).references.unknownPersons.count).to.equal(0);
  });

  it("finds no occasion in a collective group", async () => {
    const { proposal } = await inspected(`${folder}collective-group-without-roles.xml`);
    expect(proposal.mapping).to.equal(null);
  });
});

async function inspected(...paths: readonly string[]): Promise<ExportProfile> {
  const { close, ...opened } = await openForInspection(paths);
  try {
    return await inspectExport({ ...opened, mapping: defaultMapping, now: new Date() });
  } finally {
    close();
  }
}

function refusal(error: unknown): AdresslistaError {
  if (error instanceof AdresslistaError) return error;
  throw error;
}
