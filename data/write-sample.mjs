// Run by `npm run sample`: what it writes and how is in lib/sample/write-sample.ts.
import { writeSample } from "../lib/sample/write-sample.ts";

process.exitCode = await writeSample(process.argv.slice(2));
