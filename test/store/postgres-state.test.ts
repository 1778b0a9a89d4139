import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { type State, stateAsked } from "../../lib/store/postgres/state.js";

describe("what every call asks of PostgreSQL first", () => {
  it("is asked once for all calls of a turn, and once for what one call asks", async () => {
    const { state, asked, answer } = questions();
    const calls = [state(), state(), state()];
    expect(asked()).to.equal(1);
    answer({ served: 7, callersVersion: 1 });
    for (const call of calls) expect((await call).served).to.equal(7);
    // The same call asks again, in the turn in which it has got its answer.
    await state();
    expect(asked()).to.equal(1);
  });

  it("is asked anew for a call that comes while the answer to an older question is on its way", async () => {
    const { state, asked, answer } = questions();
    const first = state();
    await delay(5);
    const [second, third] = [state(), state()];
    expect(asked()).to.equal(1);
    answer({ served: 1, callersVersion: 1 });
    expect((await first).served).to.equal(1);
    await delay(5);
    expect(asked()).to.equal(2);
    answer({ served: 2, callersVersion: 1 });
    expect((await second).served).to.equal(2);
    expect((await third).served).to.equal(2);
  });

  it("is asked anew in another turn", async () => {
    const { state, asked, answer } = questions();
    const first = state();
    answer({ served: 1, callersVersion: 1 });
    await first;
    await delay(5);
    const second = state();
    expect(asked()).to.equal(2);
    answer({ served: 1, callersVersion: 2 });
    expect((await second).callersVersion).to.equal(2);
  });

  it("fails for those who asked, and is asked again by the next", async () => {
    const { state, asked, answer, fail } = questions();
    const [first, second] = [state(), state()];
    fail();
    expect(await failed(first)).to.equal("gone");
    expect(await failed(second)).to.equal("gone");
    await delay(5);
    const third = state();
    expect(asked()).to.equal(2);
    answer({ served: undefined, callersVersion: 1 });
    expect((await third).served).to.equal(undefined);
  });

  it("is not asked again at once when it has failed slowly: calls get their fault without waiting", async () => {
    const { state, asked, fail } = questions();
    const first = state();
    const second = delay(20).then(() => state());
    await delay(600);
    fail();
    expect(await failed(first)).to.equal("gone");
    expect(await failed(second)).to.equal("gone");
    await delay(5);
    expect(await failed(state())).to.equal("gone");
    expect(asked()).to.equal(1);
    await delay(700);
    const later = state();
    expect(asked()).to.equal(2);
    fail();
    await failed(later);
  });
});

function questions() {
  let asked = 0;
  let settle: { answer(state: State): void; fail(): void } | undefined;
  const state = stateAsked(
    () =>
      new Promise<State>((answer, reject) => {
        asked += 1;
        settle = { answer, fail: () => reject(new AdresslistaError("database", "gone")) };
      }),
  );
  return {
    state,
    asked: () => asked,
    answer: (answered: State) => settle?.answer(answered),
    fail: () => settle?.fail(),
  };
}

async function failed(call: Promise<State>): Promise<string> {
  return call.then(
    () => "answered",
    (error: Error) => error.message,
  );
}
