import { readFileSync } from "node:fs";
import { createServer } from "node:http";

/** The yardstick of `npm run bench`: node:http that reads the request and answers with bytes it has ready. */
const [file = "", port = "0"] = process.argv.slice(2);
const body = readFileSync(file);

createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    response.writeHead(200, { "Content-Type": "text/xml; charset=utf-8", "Content-Length": body.length });
    response.end(body);
  });
}).listen(Number(port), "127.0.0.1");
