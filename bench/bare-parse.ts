import { createReadStream } from "node:fs";
import { SaxesParser } from "saxes";

/** The yardstick of loading: saxes over the same file, with handlers that do nothing. */
const [file = ""] = process.argv.slice(2);
const parser = new SaxesParser();
parser.on("opentag", () => {});
parser.on("text", () => {});
parser.on("closetag", () => {});
for await (const chunk of createReadStream(file, { encoding: "utf8", highWaterMark: 64 * 1024 }))
  parser.write(chunk);
parser.close();
