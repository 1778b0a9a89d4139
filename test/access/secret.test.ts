import { expect } from "chai";
import { describe, it } from "mocha";
import { hashSecret, newSecret, unmatchableHash, verifySecret } from "../../lib/access/secret.js";
import { AdresslistaError } from "../../lib/errors.js";

describe("a hashed secret", () => {
  it("is verified by that secret alone", async () => {
    const hashed = await hashSecret("hemlig åäö 🔑");
    expect(await verifySecret("hemlig åäö 🔑", hashed)).to.equal(true);
    expect(await verifySecret("hemlig åäö", hashed)).to.equal(false);
    expect(await verifySecret("", hashed)).to.equal(false);
  });

  it("names its costs, and has a salt of its own each time", async () => {
    const [one, two] = [await hashSecret("hemlig"), await hashSecret("hemlig")];
    expect(one).to.match(/^scrypt\$17\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.to.equal(two);
    expect(one).not.to.include("hemlig");
  });

  it("is verified with the costs it names, also when they are others than today's", async () => {
    // The second test vector of RFC 7914, section 12: N 1024, r 8, p 16, salt "NaCl".
    const hash =
      "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640";
    const hashed = `scrypt$10$8$16$${Buffer.from("NaCl").toString("base64url")}$${Buffer.from(hash, "hex").toString("base64url")}`;
    expect(await verifySecret("password", hashed)).to.equal(true);
    expect(await verifySecret("passwort", hashed)).to.equal(false);
  });

  it("is refused when damaged, without a word of what it holds", async () => {
    for (const damaged of [
      "",
      "hemlig",
      "scrypt$17$8$1$salt",
      "scrypt$17$8$1$$aGVtbGln",
      "bcrypt$17$8$1$c2FsdA$aGVtbGln",
    ]) {
      const error = await verifySecret("hemlig", damaged).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(AdresslistaError);
      expect((error as AdresslistaError).message).not.to.include("hemlig");
    }
  });
});

describe("a new secret", () => {
  it("is of characters that need no escaping, and never the same", () => {
    const secrets = Array.from({ length: 100 }, newSecret);
    for (const secret of secrets) expect(secret).to.match(/^[\w-]{32}$/);
    expect(new Set(secrets).size).to.equal(100);
  });
});

describe("the hash of nobody", () => {
  it("has the form and costs of a real one", async () => {
    expect(unmatchableHash()).to.match(/^scrypt\$17\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(await verifySecret("demo", unmatchableHash())).to.equal(false);
  });
});
