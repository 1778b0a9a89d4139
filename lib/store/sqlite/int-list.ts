/** Whole numbers one after another, in as many bytes as they need: millions of them weigh on no garbage collector. */
export interface IntList {
  readonly length: number;
  push(value: number): void;
  at(index: number): number;
  set(index: number, value: number): void;
  /** The numbers so far: a view that the next `push` may outdate. */
  values(): Int32Array;
}

const FIRST_CAPACITY = 1024;
/** Numbers from which on a list grows by a quarter instead of to the double: what stands empty is memory too. */
const LARGE = 1024 * 1024;

/** `capacity`: room for so many at once, where it is known how many there will be. */
export function intList(capacity = FIRST_CAPACITY): IntList {
  let values = new Int32Array(Math.max(1, capacity));
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if (length === values.length) {
        const larger = new Int32Array(length < LARGE ? length * 2 : length + (length >>> 2));
        larger.set(values);
        values = larger;
      }
      values[length++] = value;
    },
    at: (index) => values[index] as number,
    set: (index, value) => {
      values[index] = value;
    },
    values: () => values.subarray(0, length),
  };
}

export interface Groups {
  /** Places of the group's members, in order of place: `members.subarray(starts[group], starts[group + 1])`. */
  readonly starts: Int32Array;
  readonly members: Int32Array;
}

/** Places by the number that stands in them (a counting sort); negative numbers are left out. */
export function groupPlaces(numbers: Int32Array, groups: number): Groups {
  const starts = new Int32Array(groups + 1);
  for (const number of numbers) if (number >= 0) starts[number + 1] = (starts[number + 1] as number) + 1;
  for (let group = 0; group < groups; group++) {
    starts[group + 1] = (starts[group + 1] as number) + (starts[group] as number);
  }
  const next = starts.slice(0, groups);
  const members = new Int32Array(starts[groups] as number);
  for (let place = 0; place < numbers.length; place++) {
    const number = numbers[place] as number;
    if (number < 0) continue;
    const at = next[number] as number;
    members[at] = place;
    next[number] = at + 1;
  }
  return { starts, members };
}
