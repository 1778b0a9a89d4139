/**
 * A process that writes lines to an audit log, for tests of several: `audit-writer.ts FOLDER CALLER COUNT`. It ends with 1
 * when a line could not be written, and says how many were.
 */
import { auditLog } from "../../lib/access/audit.js";

const [folder = "", caller = "", count = "0"] = process.argv.slice(2);
const log = auditLog(folder, 1);
let written = 0;
try {
  for (; written < Number(count); written++) {
    log.write({
      time: new Date().toISOString(),
      caller,
      verified: true,
      uid: `larare${written}`,
      address: "192.0.2.1",
      service: "AdresslistaFetcher",
      outcome: "valid",
    });
  }
  log.close();
} catch {
  process.exitCode = 1;
}
console.log(written);
