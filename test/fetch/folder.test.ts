import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import { createArrival, removeOldFetched } from "../../lib/fetch/folder.js";

const NOW = new Date("2026-11-24T02:15:00Z");
const FOREIGN = ["2026-11-20-export.xml", "anteckningar.txt", "export.xml", "x-2026-11-20T021500Z-a.xml"];

describe("the folder of fetched exports", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "adresslista-folder-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (...names: readonly string[]) => {
    for (const name of names) writeFileSync(join(folder, name), "x");
  };
  const left = () => readdirSync(folder).sort();

  it("keeps files for their days, and never touches others'", async () => {
    const ours = ["2026-11-22T021500Z-a.xml", "2026-11-23T021459Z-b.xml", "2026-11-23T021501Z-c.xml"];
    write(...FOREIGN, ...ours);
    await removeOldFetched(folder, 1, NOW);
    expect(left()).to.deep.equal(["2026-11-23T021501Z-c.xml", ...FOREIGN].sort());
  });

  it("keeps none for 0 days, but what was fetched later", async () => {
    write(...FOREIGN, "2026-11-24T021500Z-a.xml", "2026-11-24T021500Z.2-a.xml", "2026-11-24T021501Z-a.xml");
    await removeOldFetched(folder, 0, NOW);
    expect(left()).to.deep.equal(["2026-11-24T021501Z-a.xml", ...FOREIGN].sort());
  });

  it("does not have to be there", async () => {
    await removeOldFetched(join(folder, "none"), 1, NOW);
  });

  it("is rid of what a killed fetch left, at once, and not of what another process fetches", async () => {
    const dead = spawnSync(process.execPath, ["-e", "console.log(process.pid)"], { encoding: "utf8" });
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    try {
      const living = `2026-11-24T021400Z-a.xml.${other.pid}.part`;
      const stuck = `2026-11-23T021400Z-a.xml.${other.pid}.part`;
      write(`2026-11-24T021459Z-a.xml.${dead.stdout.trim()}.part`, living, stuck);
      write(`2026-11-24T021459Z-a.xml.${process.pid}.part`);
      utimesSync(join(folder, living), NOW, NOW);
      const longAgo = new Date(NOW.getTime() - 2 * 3_600_000);
      utimesSync(join(folder, stuck), longAgo, longAgo);
      await removeOldFetched(folder, 30, NOW);
      expect(left()).to.deep.equal([living]);
    } finally {
      other.kill();
    }
  });

  it("shows a file under its name only when it is whole", async () => {
    const arrival = await createArrival(folder, "export.xml", NOW);
    await arrival.write(Buffer.from("<a/>"));
    expect(left()).to.deep.equal([`2026-11-24T021500Z-export.xml.${process.pid}.part`]);
    const second = await createArrival(folder, "export.xml", NOW);
    expect(await arrival.finish()).to.equal(join(folder, "2026-11-24T021500Z-export.xml"));
    expect(await second.finish()).to.equal(join(folder, "2026-11-24T021500Z.2-export.xml"));
    const third = await createArrival(folder, "export.xml", NOW);
    await third.discard();
    await third.discard();
    expect(left().length).to.equal(2);
  });
});
