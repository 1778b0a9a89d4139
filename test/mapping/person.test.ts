import { expect } from "chai";
import { describe, it } from "mocha";
import type { ImsElement, ImsPerson } from "../../lib/ims/records.js";
import { mergePersons, personData } from "../../lib/mapping/person.js";
import { defaultMapping } from "../../lib/mapping/settings.js";
import { isWiderPerson } from "../../lib/mapping/widths.js";
import { element, extension, person } from "../support/ims.js";

const NUMBER = "199001012385";
const temporaryAdr: ImsElement = {
  ...element("adr", undefined, { adrtyp: "2" }),
  children: [
    element("street", "Gästgatan 2"),
    element("pcode", "222 22"),
    element("locality", "Gästby"),
    { ...element("timeframe"), children: [element("begin", "2009-01-01"), element("end", "2009-06-30")] },
  ],
};
const reachable: Partial<ImsPerson> = {
  email: "eva.ek@example.org",
  telephones: [
    { type: "Fax", value: "08-2" },
    { type: "voice", value: "08-1" },
    { type: "3", value: "070-1" },
    { type: "Mobile", value: "070-2" },
  ],
  address: {
    streets: ["Storgatan 1", "lgh 1101"],
    extadd: "Ek",
    pcode: "111 11",
    locality: "Storby",
    country: "Sverige",
  },
  extension: [temporaryAdr],
};

describe("A person of the export", () => {
  it("is keyed by the first sourcedid, and every one leads to it", () => {
    const data = read({
      sourcedIds: [{ id: "p1" }, { id: "p0", type: "Old" }, { id: "p1", source: "other" }],
    });
    expect(data).to.include({ id: "p1" });
    expect(data.aliases).to.deep.equal(["p1", "p0"]);
  });

  describe("has its personnummer", () => {
    const sourcedIds = [{ id: "p1" }, { id: "900101-2385" }];
    const own = extension({ personnummer: "TF123" });

    for (const type of ["PID", "pid", "personnummer", "PNR", "personNIN"]) {
      it(`from a userid of type ${type}, before all else`, () => {
        const userIds = [{ value: "evaek" }, { type: "login", value: "eva" }, { type, value: NUMBER }];
        expect(read({ userIds, sourcedIds, extension: own }).personnummer).to.equal(NUMBER);
      });
    }

    it("else from a sourcedid that has the form of one", () => {
      const userIds = [{ type: "login", value: NUMBER }];
      expect(read({ userIds, sourcedIds, extension: own }).personnummer).to.equal("900101-2385");
    });

    it("else from the extension, whatever it is", () => {
      expect(read({ extension: own }).personnummer).to.equal("TF123");
      expect(read()).to.not.have.property("personnummer");
    });
  });

  describe("has its name field by field", () => {
    const nameOf = (name: NonNullable<ImsPerson["name"]>) => {
      const { efternamn, fornamn } = read({ name });
      return [efternamn, fornamn];
    };

    it("from n, then from sort, then from fn", () => {
      const fn = "Eva Maria Fn";
      const sort = "von Sort, Ida Karin";
      expect(nameOf({ family: "Ek", given: "Eva", sort, fn })).to.deep.equal(["Ek", "Eva"]);
      expect(nameOf({ family: "Ek", sort, fn })).to.deep.equal(["Ek", "Ida Karin"]);
      expect(nameOf({ given: "Eva", sort, fn })).to.deep.equal(["von Sort", "Eva"]);
      expect(nameOf({ fn })).to.deep.equal(["Fn", "Eva Maria"]);
      expect(nameOf({ family: "Ek", fn })).to.deep.equal(["Ek", "Eva Maria"]);
    });

    it("a single word is a surname, and half a sort name leaves the other half to fn", () => {
      expect(nameOf({ fn: "Ek" })).to.deep.equal(["Ek", undefined]);
      expect(nameOf({ sort: "Ek,", fn: "Eva Alm" })).to.deep.equal(["Ek", "Eva"]);
      expect(nameOf({ sort: "Ek Eva", fn: "Eva Ek" })).to.deep.equal(["Ek", "Eva"]);
      expect(nameOf({})).to.deep.equal([undefined, undefined]);
    });
  });

  it("has addresses, telephones and e-mail", () => {
    expect(read(reachable)).to.deep.include({
      email: "eva.ek@example.org",
      tel: "08-1",
      sms: "070-1",
      folkbokforing: {
        gatadr: "Storgatan 1, lgh 1101",
        coadr: "Ek",
        postnr: "111 11",
        ort: "Storby",
        land: "Sverige",
      },
      tillfallig: {
        gatadr: "Gästgatan 2",
        postnr: "222 22",
        ort: "Gästby",
        fromdat: "2009-01-01",
        tomdat: "2009-06-30",
      },
    });
  });

  it("has no address when there is nothing in it, nor one of another adrtyp", () => {
    const data = read({
      address: { streets: [] },
      extension: [
        { ...temporaryAdr, attributes: { adrtyp: "4" } },
        element("adr", undefined, { adrtyp: "2" }),
      ],
    });
    expect(data).to.not.have.any.keys("folkbokforing", "tillfallig");
  });

  describe("is protected", () => {
    for (const name of ["sekretess", "skyddad"]) {
      for (const value of ["true", "1", "ja", "okänt", undefined]) {
        it(`by ${name} ${value ?? "empty"}, and then cannot be reached`, () => {
          const vendor = { ...element("vendor"), children: [element(name, value)] };
          const data = read({ ...reachable, extension: [temporaryAdr, vendor] });
          expect(data.protected).to.equal(true);
          expect(data).to.not.have.any.keys("email", "tel", "sms", "folkbokforing", "tillfallig");
        });
      }
      for (const value of ["false", "0", "Nej", "N", "no"]) {
        it(`not by ${name} ${value}`, () => {
          const data = read({ ...reachable, extension: [element(name, value)] });
          expect(data).to.include({ protected: false, email: "eva.ek@example.org" });
        });
      }
    }

    it("by any of its ids in the protected file, keeping name and number", () => {
      const data = personData(
        person("p", {
          ...reachable,
          sourcedIds: [{ id: "p" }, { id: "q" }],
          name: { family: "Ek", given: "Eva" },
          userIds: [{ type: "PID", value: NUMBER }],
        }),
        defaultMapping,
        new Set(["q"]),
      );
      expect(data).to.include({ protected: true, efternamn: "Ek", fornamn: "Eva", personnummer: NUMBER });
      expect(JSON.stringify(data)).to.not.match(/example|08-1|070|gatan/);
    });
  });

  describe("is staff", () => {
    const isStaff = (...institutionRoles: string[]) => read({ institutionRoles }).staff;

    it("when an institutionrole says so and none says student", () => {
      for (const role of ["Faculty", "staff", "Administrator", "Instructor", "Mentor"]) {
        expect(isStaff(role), role).to.equal(true);
        expect(isStaff(role, "Student"), role).to.equal(false);
      }
      for (const role of ["Student", "Alumni", "Guest", "Member"])
        expect(isStaff(role), role).to.equal(false);
      expect(isStaff()).to.equal(false);
    });
  });

  it("is wider than T04 documents when any field is", () => {
    expect(isWiderPerson(read(reachable))).to.equal(false);
    expect(isWiderPerson(read({ name: { family: "Å".repeat(25) } }))).to.equal(false);
    expect(isWiderPerson(read({ name: { family: "Å".repeat(26) } }))).to.equal(true);
    expect(isWiderPerson(read({ email: `${"e".repeat(70)}@example.org` }))).to.equal(true);
    expect(isWiderPerson(read({ address: { streets: ["x".repeat(41)] } }))).to.equal(true);
  });
});

describe("A person that stands twice", () => {
  const ek = { family: "Ek", given: "Eva" };

  it("has the first value of each field, and every id", () => {
    const first = read({ sourcedIds: [{ id: "p" }], name: { family: "Ek" }, email: "Eva@example.org" });
    const second = read({
      sourcedIds: [{ id: "q" }, { id: "p" }],
      name: ek,
      email: "other@example.org",
      telephones: [{ type: "1", value: "08-1" }],
    });
    const { merged, conflicts } = mergePersons(first, second);
    expect(merged).to.include({
      id: "p",
      efternamn: "Ek",
      fornamn: "Eva",
      email: "Eva@example.org",
      tel: "08-1",
    });
    expect(merged.aliases).to.deep.equal(["p", "q"]);
    expect(conflicts).to.deep.equal(["email"]);
  });

  it("does not get an address from halves of two", () => {
    const first = read({ address: { streets: ["Storgatan 1"] } });
    const second = read({ address: { streets: ["Lillgatan 2"], pcode: "222 22" } });
    const { merged, conflicts } = mergePersons(first, second);
    expect(merged.folkbokforing).to.deep.equal({ gatadr: "Storgatan 1" });
    expect(conflicts).to.deep.equal(["folkbokforing"]);
  });

  it("has no conflict in what is the same written otherwise", () => {
    const first = read({
      userIds: [{ type: "PID", value: "19900101-2385" }],
      email: "EVA@example.org",
      name: ek,
    });
    const second = read({
      userIds: [{ type: "PID", value: "9001012385" }],
      email: "eva@example.org",
      name: ek,
    });
    expect(mergePersons(first, second).conflicts).to.deep.equal([]);
    const other = read({ userIds: [{ type: "PID", value: "9001022384" }] });
    expect(mergePersons(first, other).conflicts).to.deep.equal(["personnummer"]);
  });

  it("is protected if either record says so, and then cannot be reached", () => {
    const open = read(reachable);
    const hidden = read({ ...reachable, extension: [element("skyddad")] });
    for (const { merged } of [mergePersons(open, hidden), mergePersons(hidden, open)]) {
      expect(merged.protected).to.equal(true);
      expect(merged).to.not.have.any.keys("email", "tel", "sms", "folkbokforing", "tillfallig");
    }
  });

  it("is staff unless either record says student", () => {
    const [staff, student, silent] = [["Staff"], ["Student"], []].map((institutionRoles) =>
      read({ institutionRoles }),
    );
    const isStaff = (a = silent, b = silent) =>
      a !== undefined && b !== undefined && mergePersons(a, b).merged.staff;
    expect(isStaff(staff, silent)).to.equal(true);
    expect(isStaff(silent, staff)).to.equal(true);
    expect(isStaff(staff, student)).to.equal(false);
    expect(isStaff(student, staff)).to.equal(false);
  });
});

function read(fields: Partial<ImsPerson> = {}) {
  return personData(person("p", fields), defaultMapping, new Set());
}
