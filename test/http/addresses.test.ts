import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { expect } from "chai";
import { describe, it } from "mocha";
import { originOf, remoteAddressOf, trustProxies } from "../../lib/http/addresses.js";

/** As much of a request as addresses are read from. */
function request(
  headers: IncomingHttpHeaders,
  remoteAddress = "10.0.0.1",
  encrypted = false,
): IncomingMessage {
  const socket = { remoteAddress, encrypted, localAddress: "::1", localPort: 8080 };
  return { headers, socket } as unknown as IncomingMessage;
}

const isTrusted = trustProxies(["10.0.0.0/8", "2001:db8::/32"]);

describe("the caller's address", () => {
  for (const [what, forwardedFor, remote, expected] of [
    ["is the connection's when that is no proxy", "192.0.2.1", "198.51.100.1", "198.51.100.1"],
    ["is what our proxy says", "192.0.2.1", "10.0.0.1", "192.0.2.1"],
    ["is the last that is none of our proxies", "192.0.2.66, 192.0.2.1, 10.0.0.2", "10.0.0.1", "192.0.2.1"],
    ["is the proxy's when all are", "10.0.0.3", "10.0.0.1", "10.0.0.3"],
    ["stops at what is no address", "192.0.2.1, unknown", "10.0.0.1", "10.0.0.1"],
    ["is read without its port", "192.0.2.1:4711", "10.0.0.1", "192.0.2.1"],
    ["is read from brackets", "[2001:db9::1]:4711", "2001:db8::5", "2001:db9::1"],
    ["is IPv4 on a dual-stack socket", undefined, "::ffff:192.0.2.9", "192.0.2.9"],
    ["is behind an IPv4 proxy on a dual-stack socket", "192.0.2.1", "::ffff:10.0.0.1", "192.0.2.1"],
  ] as const) {
    it(what, () => {
      const headers = forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
      expect(remoteAddressOf(request(headers, remote), isTrusted)).to.equal(expected);
    });
  }
});

describe("the address that the caller used", () => {
  it("is Host with the connection's scheme", () => {
    const headers = { host: "lpw.example.se" };
    expect(originOf(request(headers, "192.0.2.1"), isTrusted)).to.equal("http://lpw.example.se");
    expect(originOf(request(headers, "192.0.2.1", true), isTrusted)).to.equal("https://lpw.example.se");
    expect(originOf(request({ host: "[::1]:8080" }, "::1"), isTrusted)).to.equal("http://[::1]:8080");
  });

  it("is the socket's own without a Host", () => {
    expect(originOf(request({}, "192.0.2.1"), isTrusted)).to.equal("http://[::1]:8080");
  });

  for (const [port, expected] of [
    ["443", "https://lpw.example.se"],
    ["8443", "https://lpw.example.se:8443"],
    ["80", "https://lpw.example.se:80"],
    ["99999", "https://lpw.example.se"],
    ["x", "https://lpw.example.se"],
  ] as const) {
    it(`behind a proxy has its scheme, host and port ${port}`, () => {
      const headers = {
        host: "inner",
        "x-forwarded-host": "lpw.example.se",
        "x-forwarded-proto": "https",
        "x-forwarded-port": port,
      };
      expect(originOf(request(headers), isTrusted)).to.equal(expected);
    });
  }

  it("keeps the port that the host has, and a scheme that is none aside", () => {
    const headers = {
      host: "lpw.example.se:81",
      "x-forwarded-proto": "javascript",
      "x-forwarded-port": "82",
    };
    expect(originOf(request(headers), isTrusted)).to.equal("http://lpw.example.se:81");
  });

  it("is none when a proxy forwards what is no host", () => {
    expect(originOf(request({ host: "a", "x-forwarded-host": '"><x' }), isTrusted)).to.equal(undefined);
  });
});
