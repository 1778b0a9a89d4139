import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

/** The yardstick: node:http that reads the request and answers with bytes it has ready, `/name` with those of a file. */
const [folder = "", port = "0"] = process.argv.slice(2);
const bodies = new Map(readdirSync(folder).map((name) => [`/${name}`, readFileSync(join(folder, name))]));

createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    const body = bodies.get(request.url ?? "");
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Type": "text/xml; charset=utf-8", "Content-Length": body.length });
    response.end(body);
  });
}).listen(Number(port), "127.0.0.1");
