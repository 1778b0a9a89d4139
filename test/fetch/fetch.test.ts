import { createHash, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import { checkSftp, fetchExport } from "../../lib/fetch/fetch.js";
import {
  ecdsaKey,
  ed25519Key,
  fingerprintOf,
  PASSWORD,
  publicKey,
  rsaKey,
  type ServedFile,
  served,
  settingsFor,
  USER,
} from "./ssh-server.js";
import { createStage, failureOf, type Stage } from "./support.js";

const EXPORT = Buffer.from(`<enterprise>${"å".repeat(300_000)}</enterprise>`);

describe("fetching the export", () => {
  let stage: Stage;
  beforeEach(() => {
    stage = createStage();
  });
  afterEach(() => stage.end());

  const exportFile = () => served("export.xml", EXPORT);

  describe("when all is well", () => {
    it("gives the newest file byte for byte, with its hash, under a name that has the server's", async () => {
      const server = await stage.server({
        files: [
          served("gammal.xml", "old", "2026-11-23T01:00:00Z"),
          exportFile(),
          served("läsmig.txt", "no"),
        ],
      });
      const [file, ...others] = await fetchExport(settingsFor(server), stage.options());
      expect(others).to.deep.equal([]);
      expect(file).to.deep.equal({
        path: join(stage.folder, "2026-11-24T021500Z-export.xml"),
        name: "export.xml",
        bytes: EXPORT.length,
        sha256: createHash("sha256").update(EXPORT).digest("hex"),
        modified: new Date("2026-11-24T01:00:00Z"),
      });
      expect(readFileSync(file?.path ?? "").equals(EXPORT)).to.equal(true);
      expect(stage.left()).to.deep.equal(["2026-11-24T021500Z-export.xml"]);
    });

    it("keeps file and folder to their owner", async () => {
      const server = await stage.server({ files: [exportFile()] });
      const [file] = await fetchExport(settingsFor(server), stage.options());
      expect(statSync(file?.path ?? "").mode & 0o777).to.equal(0o600);
      expect(statSync(stage.folder).mode & 0o777).to.equal(0o700);
      expect(stage.said).to.deep.equal([]);
    });

    it("says so when others can look into the folder, and leaves its rights alone", async () => {
      mkdirSync(stage.folder);
      chmodSync(stage.folder, 0o755);
      const server = await stage.server({ files: [exportFile()] });
      await fetchExport(settingsFor(server), stage.options());
      expect(stage.said.join("\n")).to.include("fetchedFolder");
      expect(statSync(stage.folder).mode & 0o777).to.equal(0o755);
    });

    it("never writes over an earlier file", async () => {
      const server = await stage.server({ files: [exportFile()] });
      await fetchExport(settingsFor(server), stage.options());
      await fetchExport(settingsFor(server), stage.options());
      expect(stage.left()).to.deep.equal([
        "2026-11-24T021500Z-export.xml",
        "2026-11-24T021500Z.2-export.xml",
      ]);
    });

    it("fetches an empty file, and one that the server gives in small pieces", async () => {
      const empty = await stage.server({ files: [served("tom.xml", "")] });
      expect((await fetchExport(settingsFor(empty), stage.options()))[0]?.bytes).to.equal(0);
      const content = randomBytes(200_001);
      const slow = await stage.server({ files: [served("liten.gz", content)], maxReadBytes: 1000 });
      const [file] = await fetchExport(settingsFor(slow), stage.options());
      expect(readFileSync(file?.path ?? "").equals(content)).to.equal(true);
    });

    it("tells how far it has come", async () => {
      const server = await stage.server({ files: [exportFile()] });
      const steps: (readonly [number, number])[] = [];
      await fetchExport(
        settingsFor(server),
        stage.options({ progress: (done, total) => steps.push([done, total]) }),
      );
      expect(steps.at(-1)).to.deep.equal([EXPORT.length, EXPORT.length]);
      expect(steps.length).to.be.greaterThan(2);
    });

    it("leaves no connection open", async () => {
      const server = await stage.server({ files: [exportFile()] });
      await fetchExport(settingsFor(server), stage.options());
      await untilClosed(server.open);
    });
  });

  describe("the host key", () => {
    it("must be pinned: the fingerprint and how to pin it are printed, and no login is sent", async () => {
      const server = await stage.server({ files: [exportFile()] });
      const error = await failureOf(fetchExport(settingsFor(server, { hostKeys: [] }), stage.options()));
      expect(error.code).to.equal("hostKey");
      expect(error.message).to.include(`ADRESSLISTA_SFTP_HOST_KEY=${server.fingerprints[0]}`);
      expect(error.message).to.include("no host key is pinned").and.to.include("sftpHostKey");
      expect(server.logins).to.deep.equal([]);
      expect(stage.pauses).to.deep.equal([]);
    });

    it("is refused when it is another one than the pinned, with a warning to ask first", async () => {
      const server = await stage.server({ files: [exportFile()] });
      const hostKeys = [fingerprintOf(ed25519Key())];
      const error = await failureOf(
        fetchExport(settingsFor(server, { hostKeys, retries: 3 }), stage.options()),
      );
      expect(error.code).to.equal("hostKey");
      expect(error.message).to.include("another host key").and.to.include("Ask GotIT");
      expect(error.message).to.include(server.fingerprints[0] ?? "none");
      expect(server.logins).to.deep.equal([]);
      expect(stage.pauses).to.deep.equal([]);
      await untilClosed(server.open);
    });

    it("may be any of the server's, of whatever type", async () => {
      const keys = [ed25519Key(), ecdsaKey(), rsaKey()];
      const server = await stage.server({ hostKeys: keys, files: [exportFile()] });
      for (const key of keys) {
        const settings = settingsFor(server, { hostKeys: [fingerprintOf(key)] });
        expect((await checkSftp(settings)).hostKey).to.equal(fingerprintOf(key));
      }
      expect(server.logins.length).to.equal(keys.length);
    });

    it("is found in known_hosts, and the server is asked for the type that stands there", async () => {
      const rsa = rsaKey();
      const server = await stage.server({ hostKeys: [ed25519Key(), rsa], files: [exportFile()] });
      const knownHosts = `# ours\n[127.0.0.1]:${server.port} ${publicKey(rsa)} comment\n`;
      const check = await checkSftp(settingsFor(server, { hostKeys: [], knownHosts }));
      expect(check.hostKey).to.equal(fingerprintOf(rsa));
      expect(check.hostKeyType).to.equal("ssh-rsa");
      expect(server.connections()).to.equal(1);
    });

    it("is refused when known_hosts has another, also of a type that the server no longer has", async () => {
      const server = await stage.server({ files: [exportFile()] });
      for (const other of [ed25519Key(), rsaKey()]) {
        const knownHosts = `[127.0.0.1]:${server.port} ${publicKey(other)}\n`;
        const error = await failureOf(checkSftp(settingsFor(server, { hostKeys: [], knownHosts })));
        expect(error.code).to.equal("hostKey");
        expect(error.message)
          .to.include(server.fingerprints[0] ?? "none")
          .and.to.include("another host key");
      }
      expect(server.logins).to.deep.equal([]);
    });

    it("is refused when known_hosts has none for the server, and when it is revoked there", async () => {
      const key = ed25519Key();
      const server = await stage.server({ hostKeys: [key], files: [exportFile()] });
      const elsewhere = `127.0.0.1 ${publicKey(key)}\n`;
      const none = await failureOf(checkSftp(settingsFor(server, { hostKeys: [], knownHosts: elsewhere })));
      expect(none.code).to.equal("hostKey");
      expect(none.message).to.include(`no key for [127.0.0.1]:${server.port}`);
      const revoked = `@revoked * ${publicKey(key)}\n`;
      const error = await failureOf(checkSftp(settingsFor(server, { knownHosts: revoked })));
      expect(error.code).to.equal("hostKey");
      expect(error.message).to.include("@revoked");
      expect(server.logins).to.deep.equal([]);
    });
  });

  describe("the login", () => {
    it("that is refused is tried once, and the message has no secret", async () => {
      const server = await stage.server({ files: [exportFile()], password: "another" });
      const error = await failureOf(fetchExport(settingsFor(server, { retries: 3 }), stage.options()));
      expect(error.code).to.equal("fetch");
      expect(error.message).to.include(`login of user ${USER} is refused`);
      expect(server.logins).to.deep.equal([{ method: "password", secret: PASSWORD }]);
      expect(server.connections()).to.equal(1);
      expect(stage.pauses).to.deep.equal([]);
      expect(stage.said.join()).not.to.include(PASSWORD);
    });

    it("is not sent again as a dialogue when the password was refused", async () => {
      const methods = ["password", "keyboard-interactive"];
      const server = await stage.server({ files: [exportFile()], password: "another", methods });
      await failureOf(fetchExport(settingsFor(server), stage.options()));
      expect(server.logins.length).to.equal(1);
    });

    it("is a dialogue where the server has nothing else", async () => {
      const server = await stage.server({ files: [exportFile()], methods: ["keyboard-interactive"] });
      expect((await fetchExport(settingsFor(server), stage.options())).length).to.equal(1);
      expect(server.logins).to.deep.equal([{ method: "keyboard-interactive", secret: PASSWORD }]);
    });

    it("says which methods the server takes when it has none for a password", async () => {
      const server = await stage.server({ files: [exportFile()], methods: ["publickey"] });
      const error = await failureOf(fetchExport(settingsFor(server), stage.options()));
      expect(error.message).to.include("publickey");
      expect(server.logins).to.deep.equal([]);
    });

    it("is done with a private key that has a passphrase", async () => {
      const privateKey = ed25519Key("en lösenfras");
      const authorizedKey = publicKey(privateKey, "en lösenfras");
      const server = await stage.server({ files: [exportFile()], authorizedKey, methods: ["publickey"] });
      const { password: _, ...settings } = settingsFor(server, { privateKey, passphrase: "en lösenfras" });
      expect((await fetchExport(settings, stage.options())).length).to.equal(1);
      for (const passphrase of [{}, { passphrase: "en annan" }]) {
        const { passphrase: __, ...without } = settings;
        const error = await failureOf(fetchExport({ ...without, ...passphrase }, stage.options()));
        expect(error.code).to.equal("settings");
        expect(error.message).to.include("sftpPassphrase").and.not.to.include("en annan");
      }
    });

    it("with a key that the server does not know is refused once", async () => {
      const server = await stage.server({ files: [exportFile()], methods: ["publickey"] });
      const { password: _, ...settings } = settingsFor(server, { privateKey: ed25519Key(), retries: 2 });
      const error = await failureOf(fetchExport(settings, stage.options()));
      expect(error.message).to.include("is refused");
      expect(server.connections()).to.equal(1);
    });
  });

  describe("a server that does not answer", () => {
    it("says that GotIT must have the address on its allow list, when it refuses the connection", async () => {
      const port = await unusedPort();
      const server = await stage.server();
      const settings = { ...settingsFor(server), port, retries: 2 };
      const error = await failureOf(fetchExport(settings, stage.options()));
      expect(error.code).to.equal("fetch");
      expect(error.message)
        .to.include(`127.0.0.1:${port}`)
        .and.to.include("allow list")
        .and.to.include("GotIT");
      expect(stage.pauses.length).to.equal(2);
      expect(stage.pauses[1]).to.be.greaterThan(stage.pauses[0] ?? 0);
      expect(stage.said.join("\n")).to.include("trying again").and.to.include("1 of 2");
    });

    it("says the same when it is silent, or hangs up, before it has said who it is", async () => {
      const silent = await stage.server({ onSocket: () => "taken" });
      const silence = await failureOf(
        fetchExport(settingsFor(silent, { connectSeconds: 0.1 }), stage.options()),
      );
      expect(silence.message).to.include("allow list").and.to.include("no answer within");
      await untilClosed(silent.open);
      const rude = await stage.server({
        onSocket(socket) {
          socket.destroy();
          return "taken";
        },
      });
      const ended = await failureOf(fetchExport(settingsFor(rude), stage.options()));
      expect(ended.message).to.include("allow list").and.to.include("before it has said anything");
    });

    it("is given up in the handshake too", async () => {
      const server = await stage.server({
        onSocket(socket) {
          socket.write("SSH-2.0-stuck\r\n");
          return "taken";
        },
      });
      const error = await failureOf(
        fetchExport(settingsFor(server, { connectSeconds: 0.1 }), stage.options()),
      );
      expect(error.message).to.include("handshake");
      await untilClosed(server.open);
    });

    it("may be any program: what is no SSH is an error, not a wait", async () => {
      const server = await stage.server({
        onSocket(socket) {
          socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
          return "taken";
        },
      });
      expect((await failureOf(fetchExport(settingsFor(server), stage.options()))).code).to.equal("fetch");
    });

    it("whose name cannot be looked up is named", async () => {
      const server = await stage.server();
      const settings = { ...settingsFor(server), host: "no-such-host.invalid" };
      const error = await failureOf(fetchExport(settings, stage.options()));
      expect(error.message).to.include("no-such-host.invalid").and.to.include("sftpHost");
    });
  });

  describe("a transfer that goes wrong", () => {
    it("is given up when no byte comes, and nothing of it is left", async () => {
      const server = await stage.server({
        files: [exportFile()],
        onRead: ({ number }) => (number > 3 ? "silence" : "answer"),
      });
      const error = await failureOf(fetchExport(settingsFor(server, { idleSeconds: 0.1 }), stage.options()));
      expect(error.code).to.equal("fetch");
      expect(error.message).to.include("no byte for 0.1 seconds");
      expect(stage.left()).to.deep.equal([]);
      await untilClosed(server.open);
    });

    it("is tried again when the connection is cut, and then whole", async () => {
      const server = await stage.server({
        files: [exportFile()],
        onRead: ({ number, connection }) => (connection === 1 && number > 5 ? "cut" : "answer"),
      });
      const [file] = await fetchExport(settingsFor(server, { retries: 1 }), stage.options());
      expect(readFileSync(file?.path ?? "").equals(EXPORT)).to.equal(true);
      expect(stage.left()).to.deep.equal([basename(file?.path ?? "")]);
      expect(server.connections()).to.equal(2);
      expect(stage.said.join("\n")).to.include("trying again");
    });

    it("is given up when it is cut each time", async () => {
      const server = await stage.server({ files: [exportFile()], onRead: () => "cut" });
      const error = await failureOf(fetchExport(settingsFor(server, { retries: 2 }), stage.options()));
      expect(error.message).to.include("the connection was lost");
      expect(server.connections()).to.equal(3);
      expect(stage.left()).to.deep.equal([]);
    });

    it("keeps the files of the delivery that were whole before the cut", async () => {
      const files = [served("a.xml", EXPORT), served("b.xml", EXPORT)];
      const reads: number[] = [];
      const server = await stage.server({
        files,
        onRead: ({ number, connection }) => {
          reads[connection] = number;
          return connection === 1 && number > 25 ? "cut" : "answer";
        },
      });
      const settings = settingsFor(server, { files: "delivery", retries: 1 });
      expect((await fetchExport(settings, stage.options())).map(({ name }) => name)).to.deep.equal([
        "a.xml",
        "b.xml",
      ]);
      expect(reads[2]).to.be.lessThan(25);
      expect(stage.left().length).to.equal(2);
    });

    const changes: Readonly<Record<string, (file: ServedFile) => void>> = {
      "shrinks while it is read": (file) => {
        file.content = file.content.subarray(0, 100_000);
      },
      "grows while it is read": (file) => {
        file.content = Buffer.concat([file.content, Buffer.from("more")]);
      },
      "is written to while it is read": (file) => {
        file.modified = new Date("2026-11-24T02:00:00Z");
      },
    };
    for (const [what, change] of Object.entries(changes)) {
      it(`is not taken when the file ${what}, and is tried again`, async () => {
        const file = exportFile();
        const server = await stage.server({
          files: [file],
          onRead: ({ number }) => {
            if (number === 4) change(file);
            return "answer";
          },
        });
        const error = await failureOf(fetchExport(settingsFor(server), stage.options()));
        expect(error.message).to.include("export.xml was changed while it was");
        expect(stage.left()).to.deep.equal([]);
        file.content = EXPORT;
        let isChanged = false;
        const again = await stage.server({
          files: [file],
          onRead: ({ number }) => {
            if (number === 4 && !isChanged) {
              isChanged = true;
              change(file);
            }
            return "answer";
          },
        });
        const [fetched] = await fetchExport(settingsFor(again, { retries: 1 }), stage.options());
        expect(readFileSync(fetched?.path ?? "").equals(file.content)).to.equal(true);
      });
    }

    it("is not taken when the server says another size than the file has", async () => {
      for (const bytes of [EXPORT.length - 1, EXPORT.length + 1]) {
        const server = await stage.server({ files: [{ ...exportFile(), bytes }] });
        const error = await failureOf(fetchExport(settingsFor(server), stage.options()));
        expect(error.message).to.include("was changed while it was");
      }
      expect(stage.left()).to.deep.equal([]);
    });

    it("that only drips is ended by the deadline", async () => {
      const server = await stage.server({
        files: [exportFile()],
        maxReadBytes: 10,
        onRead: () => ({ afterMilliseconds: 1_000 }),
      });
      // Long enough to connect on a busy machine, and far too short for the drops.
      const settings = settingsFor(server, { idleSeconds: 10, deadlineMinutes: 4 / 60, retries: 3 });
      const error = await failureOf(fetchExport(settings, stage.options()));
      expect(error.message).to.include("sftpDeadlineMinutes").and.to.include("fetching export.xml");
      expect(stage.left()).to.deep.equal([]);
      await untilClosed(server.open);
    });

    it("is ended at once by the signal, with its reason", async () => {
      const stop = new AbortController();
      const reason = new Error("Ctrl-C");
      const server = await stage.server({
        files: [exportFile()],
        onRead: ({ number }) => {
          if (number === 3) stop.abort(reason);
          return number < 3 ? "answer" : "silence";
        },
      });
      const thrown = await fetchExport(
        settingsFor(server, { retries: 3 }),
        stage.options({ signal: stop.signal }),
      ).catch((error: unknown) => error);
      expect(thrown).to.equal(reason);
      expect(stage.left()).to.deep.equal([]);
      await untilClosed(server.open);
    });

    it("is ended by the signal also while it waits to try again", async () => {
      const stop = new AbortController();
      const { pause: _, ...options } = stage.options({ signal: stop.signal });
      const settings = { ...settingsFor(await stage.server()), port: await unusedPort(), retries: 3 };
      const say = () => stop.abort(new Error("Ctrl-C"));
      const thrown = await fetchExport(settings, { ...options, say }).catch((error: Error) => error.message);
      expect(thrown).to.equal("Ctrl-C");
    });

    it("says what is wrong with our own disk, without trying again", async () => {
      writeFileSync(stage.folder, "a file where the folder should be");
      const server = await stage.server({ files: [exportFile()] });
      const error = await failureOf(fetchExport(settingsFor(server, { retries: 3 }), stage.options()));
      expect(error.message).to.include("fetchedFolder").and.to.include("EEXIST");
      expect(stage.pauses).to.deep.equal([]);
    });
  });

  describe("which files", () => {
    it("is said when there are none: folder and patterns", async () => {
      const server = await stage.server({ files: [served("readme.txt", "")] });
      const error = await failureOf(fetchExport(settingsFor(server, { retries: 3 }), stage.options()));
      expect(error.code).to.equal("fetch");
      expect(error.message).to.include("/export").and.to.include("*.xml, *.zip, *.gz");
      expect(stage.pauses).to.deep.equal([]);
    });

    it("is said when the folder is not there or not to be read", async () => {
      const server = await stage.server({ files: [exportFile()] });
      const gone = await failureOf(fetchExport(settingsFor(server, { path: "/nowhere" }), stage.options()));
      expect(gone.message).to.include("the folder /nowhere does not exist");
      const closed = await stage.server({ files: [exportFile()], listStatus: 3 });
      const error = await failureOf(fetchExport(settingsFor(closed, { retries: 3 }), stage.options()));
      expect(error.message).to.include(`user ${USER} may not read the folder /export`);
      expect(closed.connections()).to.equal(1);
    });

    it("is all of the newest delivery, in order of name, when the settings say so", async () => {
      const server = await stage.server({
        files: [
          served("personer.xml", "b", "2026-11-24T01:10:00Z"),
          served("grupper.zip", "a", "2026-11-24T00:20:00Z"),
          served("igår.xml", "c", "2026-11-24T00:09:59Z"),
        ],
      });
      const files = await fetchExport(settingsFor(server, { files: "delivery" }), stage.options());
      expect(files.map(({ name }) => name)).to.deep.equal(["grupper.zip", "personer.xml"]);
    });

    it("waits until the newest is old enough", async () => {
      const server = await stage.server({ files: [served("export.xml", EXPORT, "2026-11-24T02:14:50Z")] });
      await fetchExport(settingsFor(server, { minimumAgeSeconds: 60 }), stage.options());
      expect(stage.pauses).to.deep.equal([50_000]);
      expect(stage.said.join()).to.include("export.xml may still be written to");
    });

    it("waits anew for a file that grows meanwhile", async () => {
      const file = served("export.xml", "<enter", "2026-11-24T02:14:50Z");
      const server = await stage.server({ files: [file] });
      const options = stage.options();
      await fetchExport(settingsFor(server, { minimumAgeSeconds: 60 }), {
        ...options,
        async pause(milliseconds, signal) {
          await options.pause?.(milliseconds, signal);
          if (stage.pauses.length > 1) return;
          file.content = EXPORT;
          file.modified = new Date("2026-11-24T02:15:40Z");
        },
      });
      expect(stage.pauses).to.deep.equal([50_000, 50_000]);
    });

    it("takes a file from a server whose clock is ahead once it has stayed as it is", async () => {
      const server = await stage.server({ files: [served("export.xml", EXPORT, "2026-11-24T05:00:00Z")] });
      await fetchExport(settingsFor(server, { minimumAgeSeconds: 60 }), stage.options());
      expect(stage.pauses).to.deep.equal([60_000]);
    });

    it("waits for the marker instead, and takes none that is older than the file", async () => {
      const stale = served("export.xml.klar", "", "2026-11-23T01:00:00Z");
      const server = await stage.server({ files: [exportFile(), stale] });
      const options = stage.options();
      const settings = settingsFor(server, { marker: "{name}.klar", minimumAgeSeconds: 1_000_000 });
      await fetchExport(settings, {
        ...options,
        async pause(milliseconds, signal) {
          await options.pause?.(milliseconds, signal);
          if (stage.pauses.length === 2) stale.modified = new Date("2026-11-24T01:00:00Z");
        },
      });
      expect(stage.pauses.length).to.equal(2);
      expect(stage.said.join()).to.include("the marker export.xml.klar is older than export.xml");
    });

    it("says which marker did not come before the deadline", async () => {
      const server = await stage.server({ files: [exportFile()] });
      const { pause: _, ...options } = stage.options();
      const settings = settingsFor(server, { marker: "KLAR", deadlineMinutes: 4 / 60 });
      const error = await failureOf(fetchExport(settings, options));
      expect(error.message).to.include("the marker KLAR is not there").and.to.include("sftpDeadlineMinutes");
    });
  });

  describe("a check", () => {
    it("says what would be fetched, and changes nothing", async () => {
      const server = await stage.server({
        files: [exportFile(), served("b.zip", "", "2026-11-20T01:00:00Z")],
      });
      const check = await checkSftp(settingsFor(server));
      expect(check).to.deep.equal({
        hostKey: server.fingerprints[0],
        hostKeyType: "ssh-ed25519",
        matching: 2,
        files: [{ name: "export.xml", bytes: EXPORT.length, modified: new Date("2026-11-24T01:00:00Z") }],
        waitsFor: undefined,
      });
      expect(existsSync(stage.folder)).to.equal(false);
      await untilClosed(server.open);
    });

    it("says what a fetch would wait for", async () => {
      const server = await stage.server({ files: [exportFile()] });
      expect((await checkSftp(settingsFor(server, { marker: "KLAR" }))).waitsFor).to.include("KLAR");
    });

    it("is ended by the signal", async () => {
      const server = await stage.server({ onSocket: () => "taken" });
      const stop = new AbortController();
      const check = checkSftp(settingsFor(server), { signal: stop.signal });
      stop.abort(new Error("Ctrl-C"));
      expect(await check.catch((error: Error) => error.message)).to.equal("Ctrl-C");
    });
  });
});

/** The other side notices a closed socket a moment later. */
async function untilClosed(open: () => number): Promise<void> {
  while (open() > 0) await new Promise((resolve) => setImmediate(resolve));
}

function unusedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
