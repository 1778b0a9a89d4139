import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { t04Operations } from "../../lib/t04/operations.js";
import {
  ask,
  briefly,
  emptyStore,
  storeWith,
  T04_SETTINGS,
  type TestStore,
  testOperations,
  testRegister,
  user,
} from "../support/t04.js";

const METHODS = ["getKurs", "getKursTf", "getAdrLista"] as const;

describe("authentication of a T04 call", () => {
  let loaded: TestStore;
  let empty: TestStore;
  before(async () => {
    loaded = await storeWith(testRegister);
    empty = await emptyStore();
  });
  after(async () => {
    await loaded.close();
    await empty.close();
  });

  for (const method of METHODS) {
    describe(method, () => {
      it("fails without an end user, and says nothing else of a call that is wrong in every way", async () => {
        const { uid: _, ...nobody } = user();
        const answer = await ask(
          testOperations(loaded.store),
          method,
          { Institution: "?????", Email: { invalidBoolean: "?" } },
          nobody,
        );
        expect(answer.messages).to.deep.equal([
          { key: "auth.failed", level: "ERROR", log: "Felaktig inloggning", values: [] },
        ]);
        expect(answer.valid).to.equal(false);
      });

      it("fails without a userVO or any argument at all", async () => {
        const operations = testOperations(loaded.store);
        const answer = await operations[method]({}, { remoteAddress: "127.0.0.1" });
        expect(answer).to.deep.include({ valid: false });
        expect(briefly(answer as never)).to.deep.equal(["auth.failed"]);
      });

      it("fails in the same way for an unknown caller and for a wrong ticket", async () => {
        const operations = testOperations(loaded.store);
        const unknown = await ask(operations, method, {}, user("okänd"));
        const wrong = await ask(
          operations,
          method,
          {},
          user("portal", { authinfovo: { caller: "portal", ticket: { ticket: "fel" } } }),
        );
        expect(briefly(unknown)).to.deep.equal(["auth.failed"]);
        expect(wrong).to.deep.equal(unknown);
      });

      it("forbids everyone but employees, and those without a type", async () => {
        const operations = testOperations(loaded.store);
        for (const type of ["1", "3", "?", "22", undefined]) {
          const answer = await ask(operations, method, {}, user("portal", { type }));
          expect(answer.messages, type).to.deep.equal([
            { key: "auth.forbidden", level: "ERROR", log: "Behörighet saknas, type", values: ["type"] },
          ]);
          expect(answer.valid).to.equal(false);
        }
      });

      it("comes before the question of type: a wrong ticket is all that a stranger is told of", async () => {
        const stranger = user("okänd", { type: "1" });
        expect(briefly(await ask(testOperations(loaded.store), method, {}, stranger))).to.deep.equal([
          "auth.failed",
        ]);
      });

      it("says that nothing is loaded, once the caller is known", async () => {
        const operations = testOperations(empty.store);
        const answer = await ask(operations, method, { Institution: "VUX1", FO: true });
        expect(answer.messages).to.deep.equal([
          { key: "general.nodata", level: "ERROR", log: "Inget underlag är inläst", values: [] },
        ]);
        expect(answer).to.include({ valid: false, FO: true });
        expect(briefly(await ask(operations, method, {}, user("okänd")))).to.deep.equal(["auth.failed"]);
      });
    });
  }

  it("passes on who calls, from where, and a UsernameToken of the header", async () => {
    const seen: unknown[] = [];
    const { getKurs } = t04Operations({
      store: loaded.store,
      settings: T04_SETTINGS,
      authenticate: async (credentials) => {
        seen.push(credentials);
        return undefined;
      },
    });
    const usernameToken = { username: "portal", password: "hemlig" };
    await getKurs({ arg0: user() }, { remoteAddress: "192.0.2.1" });
    await getKurs({ arg0: { uid: "larare" } }, { remoteAddress: "192.0.2.1", usernameToken });
    expect(JSON.parse(JSON.stringify(seen))).to.deep.equal([
      { uid: "larare", caller: "portal", ticket: "rätt", remoteAddress: "192.0.2.1" },
      { uid: "larare", remoteAddress: "192.0.2.1", usernameToken },
    ]);
  });

  it("asks the store for its generation once in a call", async () => {
    let asked = 0;
    const store = {
      current: () => {
        asked += 1;
        return loaded.store.current();
      },
    };
    const answer = await ask(testOperations(store), "getAdrLista", {
      KursTfVO: [
        { typ: "FFG", Kurskod: "MATMAT02b", Starttermin: "091" },
        { typ: "FO", Kurskod: "MATMAT02b", Kalendertermin: "091" },
      ],
      OM: true,
    });
    expect(answer.persons).to.not.be.empty;
    expect(asked).to.equal(1);
  });
});
