import { bulkInsert } from "./bulk-insert.js";
import type { Connection } from "./files.js";
import { type IntList, intList } from "./int-list.js";

/** Rows of GRUPPMEDLEM, as numbers: they are handed from thread to thread. */
export interface GroupMembers {
  readonly persons: Int32Array;
  /** Beside each person the place of the group in `groups`. */
  readonly groupOf: Int32Array;
  readonly groups: readonly string[];
}

export interface GroupMemberCollector {
  add(person: number, groups: readonly string[]): void;
  readonly length: number;
  /** What has been added since the last time. */
  take(): GroupMembers;
}

export function collectGroupMembers(): GroupMemberCollector {
  let persons: IntList = intList();
  let groupOf: IntList = intList();
  let numbers = new Map<string, number>();
  return {
    add(person, groups) {
      for (const group of groups) {
        let number = numbers.get(group);
        if (number === undefined) {
          number = numbers.size;
          numbers.set(group, number);
        }
        persons.push(person);
        groupOf.push(number);
      }
    },
    get length() {
      return persons.length;
    },
    take() {
      const taken = {
        persons: persons.values().slice(),
        groupOf: groupOf.values().slice(),
        groups: [...numbers.keys()],
      };
      persons = intList();
      groupOf = intList();
      numbers = new Map();
      return taken;
    },
  };
}

export function writeGroupMembers(connection: Connection, { persons, groupOf, groups }: GroupMembers): void {
  const insert = bulkInsert(connection, "GRUPPMEDLEM", "PERSON, GRUPP");
  for (let row = 0; row < persons.length; row++) {
    insert.add(persons[row] as number, groups[groupOf[row] as number] as string);
  }
  insert.flush();
}
