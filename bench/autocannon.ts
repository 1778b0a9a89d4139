import { readFileSync } from "node:fs";
import autocannon from "autocannon";

/** The load where wrk is not installed: posts the requests of a file in turn, and writes what it measured as JSON. */
const [url = "", file = "", connections = "1", seconds = "1", separator = ""] = process.argv.slice(2);
const before = process.cpuUsage();
const { errors, non2xx, latency, duration, ...result } = await autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  requests: readFileSync(file, "utf8")
    .split(separator)
    .map((body) => ({ method: "POST", headers: { "Content-Type": "text/xml; charset=utf-8" }, body })),
});
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  JSON.stringify({
    calls: result["2xx"],
    seconds: duration,
    processorSeconds: (user + system) / 1e6,
    errors: errors + non2xx,
    p50: latency.p50,
    p99: latency.p99,
  }),
);
