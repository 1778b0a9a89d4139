import { bulkInsert } from "./bulk-insert.js";
import type { Connection } from "./files.js";
import { type IntList, intList } from "./int-list.js";

/** Rows of GRUPPMEDLEM, as numbers: they are handed from thread to thread. */
export interface GroupMembers {
  readonly persons: Int32Array;
  /** Beside each person the number of the group. */
  readonly groupOf: Int32Array;
  /** Ids of the groups that no earlier batch had: numbers go on from those of the earlier ones. */
  readonly newGroups: readonly string[];
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
  const numbers = new Map<string, number>();
  let newGroups: string[] = [];
  return {
    add(person, groups) {
      for (const group of groups) {
        let number = numbers.get(group);
        if (number === undefined) {
          number = numbers.size;
          numbers.set(group, number);
          newGroups.push(group);
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
        newGroups,
      };
      persons = intList();
      groupOf = intList();
      newGroups = [];
      return taken;
    },
  };
}

/** Writes batches in the order in which they were taken. */
export function groupMemberWriter(connection: Connection): (batch: GroupMembers) => void {
  const insert = bulkInsert(connection, "GRUPPMEDLEM", "PERSON, GRUPP");
  const groups: string[] = [];
  return ({ persons, groupOf, newGroups }) => {
    groups.push(...newGroups);
    for (let row = 0; row < persons.length; row++) {
      insert.add(persons[row] as number, groups[groupOf[row] as number] as string);
    }
    insert.flush();
  };
}
