import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { record } from "./recorder.js";

/** What the client says, and what the service answers to all of it. */
async function recorded(said: string | Buffer, answered: string | Buffer) {
  const service = createServer((socket) => {
    socket.once("data", () => socket.end(answered));
  });
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  const recorder = await record((service.address() as AddressInfo).port);
  try {
    const client = connect(recorder.port, "127.0.0.1");
    const received: Buffer[] = [];
    client.on("data", (bytes: Buffer) => received.push(bytes));
    client.write(said);
    await once(client, "close");
    return { exchanges: recorder.exchanges(), received: Buffer.concat(received) };
  } finally {
    await recorder.close();
    service.close();
  }
}

const head = (...lines: readonly string[]) => `${lines.join("\r\n")}\r\n\r\n`;

describe("what foreign clients and the service say, recorded", () => {
  it("both sides get each other's bytes unchanged", async () => {
    const answer = `${head("HTTP/1.1 200 OK", "Content-Length: 3")}hej`;
    const { received } = await recorded(`${head("POST /x HTTP/1.0", "Content-Length: 2")}ja`, answer);
    expect(received.toString("utf8")).to.equal(answer);
  });

  it("two calls of one connection are two exchanges", async () => {
    const call = (text: string) => `${head("POST /x HTTP/1.1", "Content-Length: 3")}${text}`;
    const answer = (text: string) => `${head("HTTP/1.1 200 OK", "Content-Length: 3")}${text}`;
    const { exchanges } = await recorded(call("ett") + call("tre"), answer("one") + answer("two"));
    expect(exchanges.map(({ answer: { body } }) => body.toString("utf8"))).to.deep.equal(["one", "two"]);
    expect(exchanges[0]?.request.body.toString("utf8")).to.equal("ett");
  });

  it("chunks are put together", async () => {
    const { exchanges } = await recorded(
      `${head("POST /x HTTP/1.1", "Transfer-Encoding: chunked")}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n`,
      head("HTTP/1.1 200 OK", "Content-Length: 0"),
    );
    expect(exchanges[0]?.request.body.toString("utf8")).to.equal("abcde");
  });

  it("an answer without a length goes on to the end, and 100 Continue is none", async () => {
    const { exchanges } = await recorded(
      `${head("POST /x HTTP/1.1", "Expect: 100-continue", "Content-Length: 1")}a`,
      `${head("HTTP/1.1 100 Continue")}${head("HTTP/1.0 200 OK")}till slutet`,
    );
    expect(exchanges).to.have.length(1);
    expect(exchanges[0]?.answer.start).to.equal("HTTP/1.0 200 OK");
    expect(exchanges[0]?.answer.body.toString("utf8")).to.equal("till slutet");
  });

  it("a compressed answer is read, and how long it was on the way is kept", async () => {
    const compressed = gzipSync("å".repeat(1000));
    const { exchanges } = await recorded(
      head("GET /x HTTP/1.1"),
      Buffer.concat([
        Buffer.from(
          head("HTTP/1.1 200 OK", "Content-Encoding: gzip", `Content-Length: ${compressed.length}`),
        ),
        compressed,
      ]),
    );
    expect(exchanges[0]?.answer.body.toString("utf8")).to.equal("å".repeat(1000));
    expect(exchanges[0]?.answer.sent).to.equal(compressed.length);
  });
});
