import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { describe, it } from "mocha";
import {
  type LoginTurns,
  loginTurns,
  MAX_LOGINS,
  MAX_LOGINS_PER_ADDRESS,
  MAX_PARALLEL_CHECKS,
} from "../../lib/access/turns.js";

describe("logins at a time", () => {
  it("are so many of an address, and free again when they end, well or not", async () => {
    const turns = loginTurns();
    const first = hold(turns, ["192.0.2.1"], MAX_LOGINS_PER_ADDRESS);
    expect(await outcome(turns, "192.0.2.1")).to.equal("busy");
    expect(await outcome(turns, "192.0.2.2")).to.equal("done");
    first.end();
    await first.ended;
    for (let login = 0; login < 2 * MAX_LOGINS_PER_ADDRESS; login++) {
      const failed = turns.admit("192.0.2.1", () => Promise.reject(new Error("wrong")));
      expect(await failed.catch((error: Error) => error.message)).to.equal("wrong");
    }
    expect(await outcome(turns, "192.0.2.1")).to.equal("done");
  });

  it("are those of an IPv6 network together: whoever has one has all its addresses", async () => {
    const turns = loginTurns();
    const network = Array.from({ length: MAX_LOGINS_PER_ADDRESS }, (_, host) => `2001:db8:1:2::${host + 1}`);
    const held = hold(turns, network, MAX_LOGINS_PER_ADDRESS);
    expect(await outcome(turns, "2001:db8:1:2:ffff::1")).to.equal("busy");
    expect(await outcome(turns, "2001:db8:1:3::1")).to.equal("done");
    held.end();
    await held.ended;
  });

  it("are so many of all", async () => {
    const turns = loginTurns();
    const addresses = Array.from({ length: MAX_LOGINS }, (_, host) => `10.0.${host >> 8}.${host & 255}`);
    const held = hold(turns, addresses, MAX_LOGINS);
    expect(await outcome(turns, "192.0.2.1")).to.equal("busy");
    held.end();
    await held.ended;
    expect(await outcome(turns, "192.0.2.1")).to.equal("done");
  });
});

describe("logins at a time, when there are too many of all", () => {
  it("are refused to those who have most of them, in favour of who has none", async () => {
    const turns = loginTurns();
    const holder = hold(turns, [], 0);
    const refused: string[] = [];
    const logins = Array.from({ length: MAX_LOGINS }, (_, login) => {
      const address = `192.0.2.${login % (MAX_LOGINS / MAX_LOGINS_PER_ADDRESS)}`;
      return turns
        .admit(address, () => turns.check(address, () => holder.until))
        .catch((error: { code: string }) => {
          refused.push(`${address} ${error.code}`);
        });
    });
    const newcomers = Array.from({ length: 20 }, (_, newcomer) => {
      const address = `198.51.100.${newcomer}`;
      return turns.admit(address, () => turns.check(address, async () => "done"));
    });
    expect(await outcome(turns, "192.0.2.0"), "who has many").to.equal("busy");
    await delay(10);
    expect(refused).to.have.length(newcomers.length);
    expect(new Set(refused).size, "of each of those with many").to.equal(MAX_LOGINS / MAX_LOGINS_PER_ADDRESS);
    for (const one of refused) expect(one).to.match(/^192\.0\.2\.\d busy$/);
    holder.end();
    expect(await Promise.all(newcomers)).to.deep.equal(newcomers.map(() => "done"));
    await Promise.all(logins);
    expect(await outcome(turns, "192.0.2.0"), "all have ended").to.equal("done");
  });
});

describe("costly checks", () => {
  it("are done a few at a time, each address in turn, also when one fails", async () => {
    const turns = loginTurns();
    const order: string[] = [];
    let running = 0;
    let most = 0;
    const check = (address: string) =>
      turns.check(address, async () => {
        most = Math.max(most, ++running);
        order.push(address);
        await delay(2);
        running--;
        if (address === "192.0.2.2") throw new Error("wrong");
      });
    const flood = Array.from({ length: 10 }, (_, host) => check(`2001:db8::${host + 1}`));
    const others = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(check);
    await Promise.allSettled([...flood, ...others]);
    expect(most).to.equal(MAX_PARALLEL_CHECKS);
    expect(order).to.have.length(13);
    // Two of the flood ran at once and one more came before them; then each has one in turn.
    for (const other of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) {
      expect(order.indexOf(other), order.join(" ")).to.be.below(MAX_PARALLEL_CHECKS + 4);
    }
    expect(await turns.check("192.0.2.4", async () => "done")).to.equal("done");
  });
});

/** As many logins, of these addresses in turn, until `end`. */
function hold(turns: LoginTurns, addresses: readonly string[], count: number) {
  let end = () => {};
  const until = new Promise<void>((resolve) => {
    end = resolve;
  });
  const logins = Array.from({ length: count }, (_, login) =>
    turns.admit(addresses[login % addresses.length] ?? "", () => until),
  );
  return { end, until, ended: Promise.all(logins) };
}

function outcome(turns: LoginTurns, address: string): Promise<string> {
  return turns.admit(address, async () => "done").catch((error: { code: string }) => error.code);
}
