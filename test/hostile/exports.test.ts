import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { imsReader, judgeExport } from "../fuzz/ims-reader.fuzz.js";
import { databaseIn, loadFiles, writtenFile } from "../reload/loading.js";
import { inTemporaryFolder } from "../support/database.js";
import { mutated } from "./mutations.js";
import { REGISTER } from "./register.js";

const READS = 500;
/** A load takes about a tenth of a second. */
const LOADS = 40;
/** In which any of the small files is read, on a machine with other work. */
const READ_MILLISECONDS = 5_000;

const FILES = imsReader.seeds();

describe("An export that was changed in any way", function () {
  this.timeout(120_000);

  it("is an error of the file, or gives whole records: the same however it is cut, and nothing else", async () => {
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(FILES.length - 1), mutated(FILES), async (at, change) => {
        const began = performance.now();
        const [mending = ""] = await judgeExport(change(FILES[at] ?? Buffer.alloc(0)));
        if (!mending.startsWith("export.xml, line")) read++;
        expect(performance.now() - began).to.be.below(READ_MILLISECONDS);
      }),
      { numRuns: READS },
    );
    expect(read, "files that were read").to.be.above(READS / 10);
  });

  it("of any bytes at all is read or is an error of the file, in as little time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (bytes, begun) => {
        const began = performance.now();
        await judgeExport(Buffer.concat([Buffer.from(begun ? "<enterprise><person>" : ""), bytes]));
        expect(performance.now() - began).to.be.below(READ_MILLISECONDS);
      }),
      { numRuns: READS },
    );
  });

  it("is loaded, or refused as unusable", async () => {
    const bytes = Buffer.from(REGISTER);
    let loaded = 0;
    await fc.assert(
      fc.asyncProperty(mutated([bytes]), (change) =>
        inTemporaryFolder(async (folder) => {
          const file = writtenFile(folder, "export.xml", change(bytes));
          const report = await loadFiles(folder, [file]).catch(refusedAsUnusable);
          if (report !== undefined) {
            loaded++;
            expect(report.counts, databaseIn(folder)).to.have.property("NAMN");
          }
        }),
      ),
      { numRuns: LOADS },
    );
    expect(loaded, "loads").to.be.above(LOADS / 10);
  });
});

function refusedAsUnusable(error: unknown): undefined {
  if (error instanceof AdresslistaError && error.code === "export") return undefined;
  throw error;
}
