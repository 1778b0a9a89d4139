import cluster from "node:cluster";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

/**
 * The yardstick: node:http that reads the request and answers with bytes it has ready, `/name` with those of a file. In one
 * process, or in several that share the port.
 */
const [folder = "", port = "0", workers = "1"] = process.argv.slice(2);
if (cluster.isPrimary && workers !== "1") {
  for (let worker = 0; worker < Number(workers); worker++) cluster.fork();
} else serve();

function serve(): void {
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
}
