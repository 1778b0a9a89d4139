/**
 * A load that is killed, as a process of its own: `node --import tsx killed-reload.ts FOLDER FILE STEP`. It dies by SIGKILL
 * when the step begins; in the step "write" when some persons have been written.
 */
import { personVOEncoder } from "../../lib/cli/interface.js";
import { loadFiles } from "./loading.js";

const PERSONS_WRITTEN = 3;

const [folder = "", file = "", step] = process.argv.slice(2);
const encodePersonVO = personVOEncoder();
let written = 0;

await loadFiles(folder, [file], {
  encodePersonVO: (personVO) => {
    written += 1;
    if (step === "write" && written > PERSONS_WRITTEN) die();
    return encodePersonVO(personVO);
  },
  progress: (begun) => {
    if (begun === step && step !== "write") die();
  },
});

function die(): void {
  process.kill(process.pid, "SIGKILL");
  // the signal may arrive a little later: nothing more may happen until then
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
