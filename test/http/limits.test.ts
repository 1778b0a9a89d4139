import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { afterEach, describe, it } from "mocha";
import { MAX_LOGINS_PER_ADDRESS } from "../../lib/access/turns.js";
import type { AnsweredCall, Operation } from "../../lib/http/endpoint.js";
import { buildHttpServer, closeHttpServer, type HttpServerOptions } from "../../lib/http/server.js";
import { MAX_ASKED, MAX_PERSONS } from "../../lib/lpw/limits.js";
import { adresslista, inFolder, startService } from "../cli/program.js";
import { callAt, type PortalCall, post } from "../support/calling.js";
import { course, exportOf, learners, occasion, person, school } from "../support/export.js";
import { SECRET, withService } from "../support/service.js";
import { call, envelope, service } from "../support/soap-requests.js";

const PATH = "/cxf/AdresslistaFetcher";
const PROCESSES_MILLISECONDS = 180_000;
/** More than all buffers between the service and a client that does not read. */
const LARGE_BYTES = 16 * 1024 * 1024;

describe("calls that are worked on at a time", () => {
  let server: Server;
  let told: { error: unknown; incidentId: string }[] = [];
  let calls: AnsweredCall[] = [];
  let gate = gateOf();
  const sockets: Socket[] = [];

  afterEach(async () => {
    gate.open();
    for (const socket of sockets.splice(0)) socket.destroy();
    await closeHttpServer(server, 1_000);
  });

  /** HELD waits for the gate, LARGE has an answer that no buffer takes. */
  const operation: Operation = async (args) => {
    const { Kurskod } = (args.arg1 ?? {}) as { Kurskod?: string };
    if (Kurskod === "HELD") await gate.passed();
    if (Kurskod === "BROKEN") throw new Error("broken");
    return { Kurskod, NoEmailList: Kurskod === "LARGE" ? ["x".repeat(LARGE_BYTES)] : [], valid: true };
  };

  async function started(maxConcurrentCalls: number): Promise<string> {
    gate = gateOf();
    told = [];
    calls = [];
    server = await listening({
      services: [
        {
          path: PATH,
          service,
          operations: { getKurs: operation, getKursTf: operation, getAdrLista: operation },
        },
      ],
      maxConcurrentCalls,
      onError: (error, incidentId) => told.push({ error, incidentId }),
      onCall: (answered) => {
        calls.push(answered);
      },
    });
    return urlOf(server);
  }

  const ask = (url: string, kurskod: string) => post(url + PATH, call(`<Kurskod>${kurskod}</Kurskod>`));

  it("are so many; a further one is told at once to come again, in its own SOAP version", async () => {
    const url = await started(2);
    const held = [ask(url, "HELD"), ask(url, "HELD")];
    await gate.waiting(2);
    const began = performance.now();
    const answer = await ask(url, "A");
    expect(performance.now() - began).to.be.below(1_000);
    expect(answer.status).to.equal(503);
    expect(answer.headers["retry-after"]).to.equal("1");
    expect(answer.headers["cache-control"]).to.equal("no-store");
    expect(answer.body).to.include("<faultcode>soap:Server</faultcode>").and.include("try again");
    expect(answer.body).not.to.include("Incident");
    const soap12 = envelope("<n:getKurs/>", { version: "1.2" });
    const other = await post(url + PATH, soap12, { headers: { "Content-Type": "application/soap+xml" } });
    expect(other.status).to.equal(503);
    expect(other.body).to.include("<soap:Value>soap:Receiver</soap:Value>");
    expect(other.headers["content-type"]).to.include("application/soap+xml");
    expect(told, "nothing is wrong").to.deep.equal([]);
    expect(calls.map(({ fault }) => fault)).to.deep.equal(
      [1, 2].map(() => ({ code: "Server", httpStatus: 503 })),
    );
    gate.open();
    for (const { status } of await Promise.all(held)) expect(status).to.equal(200);
    expect((await ask(url, "A")).status).to.equal(200);
  });

  it("take no place any more when they are answered, well or not, for as long as one likes", async () => {
    const url = await started(1);
    for (let turn = 0; turn < 5; turn++) {
      expect((await ask(url, "A")).status).to.equal(200);
      expect((await ask(url, "BROKEN")).status).to.equal(500);
      expect((await post(url + PATH, "<a")).status).to.equal(500);
      expect((await post(url + PATH, "a", { headers: { "Content-Type": "image/png" } })).status).to.equal(
        415,
      );
    }
    expect(told).to.have.length(5);
  });

  it("take no place when the client has gone", async () => {
    const url = await started(2);
    for (let turn = 1; turn <= 3; turn++) {
      const clients = [1, 2].map(() => opened(url, requestOf(call("<Kurskod>HELD</Kurskod>"))));
      await gate.waiting(2 * turn);
      expect((await ask(url, "A")).status).to.equal(503);
      for (const client of clients) client.destroy();
      await eventually(async () => (await ask(url, "A")).status === 200);
    }
  });

  it("are those whose request is there: slow ones take no place", async () => {
    const url = await started(1);
    const message = requestOf(call("<Kurskod>A</Kurskod>"));
    for (let client = 0; client < 20; client++) opened(url, message.slice(0, 50 + 10 * client));
    await delay(100);
    expect((await ask(url, "A")).status).to.equal(200);
  });

  it("are not those of a client that leaves a short answer unread", async () => {
    const url = await started(1);
    for (let client = 0; client < 20; client++) opened(url, requestOf(call("<Kurskod>A</Kurskod>"))).pause();
    await eventually(() => calls.length >= 20);
    expect((await ask(url, "A")).status).to.equal(200);
  });

  it("are those of a client that reads slowly, which takes its own place and no other", async () => {
    const url = await started(3);
    const slow = [1, 2].map(() => opened(url, requestOf(call("<Kurskod>LARGE</Kurskod>"))).pause());
    await eventually(() => calls.length === 2);
    await delay(100);
    for (let turn = 0; turn < 5; turn++) expect((await ask(url, "A")).status).to.equal(200);
    opened(url, requestOf(call("<Kurskod>LARGE</Kurskod>"))).pause();
    await eventually(async () => (await ask(url, "A")).status === 503);
    // Whoever reads to the end, or goes, gives its place back.
    let read = 0;
    slow[0]?.on("data", (bytes: Buffer) => {
      read += bytes.length;
    });
    slow[0]?.resume();
    await eventually(() => read > LARGE_BYTES);
    await eventually(async () => (await ask(url, "A")).status === 200);
    slow[1]?.destroy();
    await eventually(async () => (await ask(url, "LARGE")).body.length > LARGE_BYTES);
  });

  it("are those of one connection, too, that sends many calls before it has read an answer", async () => {
    const url = await started(2);
    const socket = opened(url, requestOf(call("<Kurskod>HELD</Kurskod>")).repeat(6));
    const chunks: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => chunks.push(bytes));
    await gate.waiting(2);
    await eventually(() => calls.length === 4);
    gate.open();
    const statuses = () =>
      [
        ...Buffer.concat(chunks)
          .toString("latin1")
          .matchAll(/HTTP\/1\.1 (\d+)/g),
      ].map(([, status]) => status);
    await eventually(() => statuses().length === 6);
    expect(statuses()).to.deep.equal(["200", "200", "503", "503", "503", "503"]);
  });

  function opened(url: string, bytes: string): Socket {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(bytes);
    sockets.push(socket);
    return socket;
  }
});

describe("connections at a time", () => {
  const sockets: Socket[] = [];
  let server: Server;

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await closeHttpServer(server, 1_000);
  });

  /** So many more connections from an address, of which so many are kept, and no other. */
  async function connecting(localAddress: string, count: number, kept: number): Promise<void> {
    const { port } = server.address() as AddressInfo;
    const added = Array.from({ length: count }, () => connect({ port, host: "127.0.0.1", localAddress }));
    sockets.push(...added);
    let closed = 0;
    for (const socket of added) {
      socket.on("error", () => {});
      socket.once("close", () => {
        closed += 1;
      });
    }
    await eventually(
      () => count - closed <= kept && added.every(({ connecting: isConnecting }) => !isConnecting),
    );
    await delay(100);
    expect(count - closed, localAddress).to.equal(kept);
  }

  it("are at most a quarter of all from one address, and that from each until there are too many", async () => {
    server = await listening({ services: [], maxConnections: 16 });
    await connecting("127.0.0.1", 6, 4);
    for (const address of ["127.0.0.2", "127.0.0.3", "127.0.0.4"]) {
      await connecting(address, 4, 4);
    }
    await connecting("127.0.0.5", 2, 0);
    sockets.find((socket) => socket.localAddress === "127.0.0.1" && !socket.destroyed)?.destroy();
    await delay(100);
    await connecting("127.0.0.5", 2, 1);
  });

  it("are forgotten when they end, whoever ended them", async () => {
    server = await listening({ services: [], maxConnections: 16 });
    for (let turn = 0; turn < 5; turn++) {
      await connecting("127.0.0.1", 8, 4);
      for (const socket of sockets.splice(0)) socket.destroy();
      await delay(100);
    }
    const { port } = server.address() as AddressInfo;
    for (let turn = 0; turn < 10; turn++) {
      const { status } = await post(`http://127.0.0.1:${port}/`, "", { headers: { Connection: "close" } });
      expect(status).to.equal(404);
    }
  });

  it("are not shared out among those behind a proxy of ours, whose they all are", async () => {
    server = await listening({ services: [], maxConnections: 16, trustedProxies: ["127.0.0.1"] });
    await connecting("127.0.0.1", 14, 14);
    await connecting("127.0.0.2", 6, 2);
  });
});

describe("logins at a time of one address", () => {
  it("are so many: a further one is told to come again, and who was right before is answered", () =>
    withService({ callers: { portal: { institutions: "*" } } }, async ({ url }) => {
      const base = new URL(url).origin;
      const right: PortalCall = { caller: "portal", ticket: SECRET };
      const nodata = await callAt(base, right);
      expect(nodata.body).to.include("general.nodata");
      const wrong = Array.from({ length: MAX_LOGINS_PER_ADDRESS + 4 }, (_, login) =>
        callAt(base, { caller: "okänd", ticket: `fel ${login}` }),
      );
      await delay(300);
      const began = performance.now();
      expect((await callAt(base, right)).body).to.include("general.nodata");
      const waited = performance.now() - began;
      const answers = await Promise.all(wrong);
      expect(waited, "it waited for nobody").to.be.below(performance.now() - began);
      const busy = answers.filter(({ status }) => status === 503);
      // Fewer when some have been checked before all have come.
      expect(busy.length).to.be.within(1, 4);
      for (const { body, headers } of busy) {
        expect(body).to.include("soap:Server").and.not.include("Incident");
        expect(headers["retry-after"]).to.equal("1");
      }
      const refused = answers.filter(({ status }) => status === 200);
      expect(refused).to.have.length(wrong.length - busy.length);
      for (const { body } of refused) expect(body).to.include("auth.failed");
    })).timeout(PROCESSES_MILLISECONDS);
});

describe("logins that are checked, and refusals that are put off", () => {
  it("take no place from calls of others, however few there are", () =>
    withService(
      {
        callers: { portal: { institutions: "*" } },
        settings: { maxConcurrentCalls: 2 },
        pause: () => delay(2_000),
      },
      async ({ url }) => {
        const base = new URL(url).origin;
        const right: PortalCall = { caller: "portal", ticket: SECRET };
        expect((await callAt(base, right)).body).to.include("general.nodata");
        let ended = 0;
        const wrong: Promise<{ readonly body: string }>[] = [];
        for (let login = 0; login < MAX_LOGINS_PER_ADDRESS; login++) {
          const call = callAt(base, { caller: "okänd", ticket: `fel ${login}` });
          wrong.push(
            call.finally(() => {
              ended += 1;
            }),
          );
          // Until a database has said who there is, a call has a place; so these do not come all at once.
          await delay(15);
        }
        for (let call = 0; call < 20; call++) {
          const { status, body } = await callAt(base, right);
          expect(status, body).to.equal(200);
        }
        expect(ended).to.be.below(wrong.length);
        for (const { body } of await Promise.all(wrong)) expect(body).to.include("auth.failed");
        // All places are given back: two at a time are worked on, and no more.
        for (let call = 0; call < 20; call++) expect((await callAt(base, right)).status).to.equal(200);
      },
    )).timeout(PROCESSES_MILLISECONDS);
});

describe("what one call may ask for", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  const PORTAL = { caller: "portal", ticket: "hemlig" } as const;
  const occasionCall = (kurskod: string, more = ""): PortalCall => ({
    ...PORTAL,
    method: "getAdrLista",
    arg1: `<KursTfVO><typ>FFG</typ><Kurskod>${kurskod}</Kurskod><Starttermin>262</Starttermin></KursTfVO>${more}`,
  });

  it("is answered up to a limit of persons and occasions, and refused with a message beyond it", () =>
    inFolder(async (folder) => {
      const file = join(folder, "large.xml");
      writeFileSync(file, largeExport());
      await adresslista(["caller", "add", PORTAL.caller], { folder, input: `${PORTAL.ticket}\n` });
      const { code, stderr } = await adresslista(["reload", "--file", file], { folder });
      expect(code, stderr).to.equal(0);
      const { url, child } = await startService(["serve", "--port", "0"], { folder });
      try {
        const whole = await callAt(url, occasionCall("WHOLE"));
        expect(whole.body.match(/<AdrListEntVO>/g)).to.have.length(MAX_PERSONS);
        expect(whole.body).to.include("<valid>true</valid>");

        const tooMany: readonly (readonly [string, string])[] = [
          ["LARGE", ""],
          ["LARGE", "<Email>true</Email>"],
          [
            "WHOLE",
            "<OM>true</OM><KursTfVO><typ>FFG</typ><Kurskod>OTHER</Kurskod><Starttermin>262</Starttermin></KursTfVO>",
          ],
        ];
        for (const [kurskod, more] of tooMany) {
          const { status, body } = await callAt(url, occasionCall(kurskod, more));
          expect(status).to.equal(200);
          expectTooMany(body, "AdrListEntVO", MAX_PERSONS);
        }
        const free =
          "<KursTfVO><Kurskod>LARGE</Kurskod><Starttermin>262</Starttermin></KursTfVO><FFG>true</FFG>";
        expectTooMany(
          (await callAt(url, { ...PORTAL, method: "getAdrLista", arg1: free })).body,
          "AdrListEntVO",
          MAX_PERSONS,
        );

        for (const [element, typ] of [
          ["KursTfVO", "FFG"],
          ["KursTFTermregVO", "FFG"],
        ] as const) {
          const one = `<${element}><typ>${typ}</typ></${element}>`;
          const { body } = await callAt(url, {
            ...PORTAL,
            method: "getAdrLista",
            arg1: one.repeat(MAX_ASKED + 1),
          });
          expectTooMany(body, element, MAX_ASKED);
        }
        const number = "</arg1><arg1>8001019808";
        const { body } = await callAt(url, {
          ...PORTAL,
          service: "UtilityFetcher",
          method: "fetchAdrInfo",
          arg1: `8001019808${number.repeat(MAX_ASKED)}`,
        });
        expectTooMany(body, "arg1", MAX_ASKED);

        // An answer that held all would take some 6 MB of each call.
        const ask = (kurskod: string, calls: number) =>
          Promise.all(
            Array.from({ length: calls }, () => callAt(url, occasionCall(kurskod, "<Email>true</Email>"))),
          );
        for (let turn = 0; turn < 5; turn++) await ask("LARGE", 4);
        const before = peakMemory(child.pid);
        for (let turn = 0; turn < 3; turn++) {
          for (const answer of await ask("LARGE", 60))
            expectTooMany(answer.body, "AdrListEntVO", MAX_PERSONS);
        }
        expect(peakMemory(child.pid) - before).to.be.below(60 * 1024 * 1024);
      } finally {
        child.kill("SIGKILL");
      }
    }));

  function expectTooMany(body: string, element: string, most: number): void {
    expect(body).to.include("<key>general.toomany</key><level>ERROR</level>");
    expect(body).to.include(`<log>För många, ${element}: högst ${most}</log>`);
    expect(body).to.include(`<values>${element}</values><values>${most}</values>`);
    expect(body).to.include("<valid>false</valid>").and.not.include("<PersonVO>");
  }
});

/** Courses WHOLE with as many participants as may be listed, LARGE with one more, OTHER with one. */
function largeExport(): string {
  const ids = Array.from({ length: MAX_PERSONS + 1 }, (_, index) => `P${index}`);
  const courses = { WHOLE: ids.slice(1), LARGE: ids, OTHER: ids.slice(0, 1) };
  return exportOf(
    [
      school("VUX", { long: "Vuxenskolan" }),
      ...Object.keys(courses).flatMap((kurskod) => [
        course(`K${kurskod}`, kurskod, { in: "VUX" }),
        occasion(`G${kurskod}`, { in: `K${kurskod}`, dates: "2026-08-17/2026-12-18" }),
      ]),
      ...ids.map((id, index) => person(id, { name: `Exempel${index}, Åsa`, pnr: invented(index) })),
      ...Object.entries(courses).map(([kurskod, of]) => learners(`G${kurskod}`, ...of)),
    ],
    "2026-11-24T02:15:00",
  );
}

/** Interim numbers need no check digit. */
function invented(index: number): string {
  const day = (value: number) => String(value).padStart(2, "0");
  const birth = `19${day(50 + (Math.floor(index / 336) % 50))}${day(1 + (index % 12))}${day(1 + (index % 28))}`;
  return `${birth}T${String(Math.floor(index / 10) % 1000).padStart(3, "0")}`;
}

/** The most memory that a process has had, in bytes. */
function peakMemory(pid: number | undefined): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

function requestOf(message: string): string {
  return `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`;
}

async function listening(options: Partial<HttpServerOptions>): Promise<Server> {
  const server = buildHttpServer({
    services: [],
    trustedProxies: [],
    maxRequestBytes: 1_048_576,
    onError: () => {},
    ...options,
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function gateOf() {
  let open = () => {};
  let held = 0;
  const isOpen = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    open,
    async passed(): Promise<void> {
      held += 1;
      await isOpen;
    },
    /** Until so many have come. */
    waiting: (count: number) => eventually(() => held >= count),
  };
}

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > 30_000) throw new Error("it has not come to that");
    await delay(20);
  }
}
