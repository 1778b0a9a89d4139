import fc from "fast-check";
import type { ImsGroup, ImsMember } from "../../lib/ims/records.js";
import {
  course,
  extension,
  groupMember,
  klass,
  member,
  occasion,
  programme,
  type Register,
  school,
} from "../support/ims.js";

const date = fc
  .date({ min: new Date("2008-10-01"), max: new Date("2010-12-31"), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10));
/** None with begin after end. */
export const period = fc
  .tuple(date, date)
  .map(([a, b]) => (a < b ? { begin: a, end: b } : { begin: b, end: a }));
const dates = fc.oneof(fc.constant({}), period, fc.record({ begin: date }), fc.record({ end: date }));
const upTo = (max: number, min = 0) =>
  fc.integer({ min, max }).map((n) => Array.from({ length: n }, (_, i) => i));

const groupsOf = fc
  .tuple(
    upTo(3, 1).chain((courses) =>
      fc.tuple(
        ...courses.map((n) =>
          fc.constantFrom("A1", "a1", "B1").map((short) => course(`c${n}`, short, { parents: ["s"] })),
        ),
      ),
    ),
    upTo(5, 1).chain((occasions) =>
      fc.tuple(
        ...occasions.map((n) =>
          fc
            .record({
              parents: fc.uniqueArray(fc.constantFrom("c0", "c1", "c2"), { maxLength: 2 }),
              dates: fc.oneof({ weight: 4, arbitrary: period }, { weight: 1, arbitrary: dates }),
              fields: fc.constantFrom(
                {},
                { anmkod: "A0002" },
                { anmkod: "x1" },
                { anmkod: "X1" },
                { kurstakt: "50" },
              ),
            })
            .map((occ) =>
              occasion(`o${n}`, {
                begin: "",
                end: "",
                short: "B1",
                ...occ.dates,
                parents: occ.parents,
                extension: extension(occ.fields),
              }),
            ),
        ),
      ),
    ),
  )
  .map(([courses, occasions]): ImsGroup[] => [
    school("s"),
    klass("k0"),
    klass("k1"),
    programme("P", "VO"),
    ...courses,
    ...occasions,
  ]);

const place = fc.constantFrom("o0", "o1", "o2", "o3", "o4", "c0", "k0", "k1", "P");
const membersOf = fc
  .tuple(
    fc.array(
      fc
        .tuple(place, fc.constantFrom("p1", "p2", "p3"), dates)
        .map(([group, person, roleDates]) => member(group, person, [{ roletype: "01", ...roleDates }])),
      { maxLength: 8 },
    ),
    fc.array(
      fc
        .tuple(fc.constantFrom("o0", "o1", "c1", "k0", "k1"), fc.constantFrom("k0", "k1"), dates)
        .map(([container, id, roleDates]) => groupMember(container, id, [roleDates])),
      { maxLength: 3 },
    ),
    fc.subarray([groupMember("P", "c0"), groupMember("P", "c1")]),
  )
  .map(([persons, classes, courses]): ImsMember[] => [...persons, ...classes, ...courses]);

/** A register with a few courses, occasions, classes, a programme and persons, of 2008 to 2010. */
export const anyRegister: fc.Arbitrary<Register> = fc.record({ groups: groupsOf, members: membersOf });
