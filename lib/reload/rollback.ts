import type { LoadStore, Rollback } from "../store/loads.js";
import { openLoadStore } from "../store/open.js";
import type { CodeChanges, CodeRegisterName, CodeRows } from "../store/queries.js";

/**
 * `adresslista rollback`: has another load that is kept served, at once; a running service sees it at the next call.
 * Without a target the newest that is older than the served one. Throws AdresslistaError: "usage" (which loads there are to
 * go back to), "busy" (a reload is running), "database".
 */
export function rollback(database: string, target: number | undefined, now: Date): Promise<Rollback> {
  return whileNoReloadRuns(database, (store) => store.rollback(target, now));
}

/**
 * Edits a code register as a whole or in part (see `Store.replaceCodes`, `Store.editCodes`), while no load reads or adds to it.
 * Throws AdresslistaError: "usage" (names the row that is wrong), "busy" (a reload is running), "database".
 */
export function editCodeRegister<R extends CodeRegisterName>(
  database: string,
  register: R,
  edit:
    | { readonly all: readonly CodeRows[R][] }
    | { readonly rows: readonly CodeRows[R][]; readonly removals?: readonly CodeRows[R][] },
): Promise<CodeChanges> {
  return whileNoReloadRuns(database, (store) =>
    "all" in edit
      ? store.replaceCodes(register, edit.all)
      : store.editCodes(register, edit.rows, edit.removals ?? []),
  );
}

/** Holds the reload lock of a database. `workFolder`: see `openLoadStore`. Throws AdresslistaError: "busy", "database". */
export async function whileNoReloadRuns<T>(
  database: string,
  action: (store: LoadStore) => T | Promise<T>,
  workFolder?: string,
): Promise<T> {
  const store = await openLoadStore(database, workFolder);
  try {
    const lock = await store.takeReloadLock();
    try {
      return await action(store);
    } finally {
      await lock.release();
    }
  } finally {
    await store.close();
  }
}
