/** What is made of something the first time that it is asked for, and kept for as long as that is there. */
export function madeOnce<From extends object, Made extends string | object>(
  make: (from: From) => Made,
): (from: From) => Made {
  const known = new WeakMap<From, Made>();
  return (from) => {
    const before = known.get(from);
    if (before !== undefined) return before;
    const made = make(from);
    known.set(from, made);
    return made;
  };
}
