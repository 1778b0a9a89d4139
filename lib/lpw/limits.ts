/**
 * What one call may ask for (its answer is refused with the message general.toomany beyond): so that no call holds up the
 * others, and an answer's memory is bounded.
 */

/** Persons of an answer, counted by their registrations: some 6 MB of XML. The largest real courses have some hundred. */
export const MAX_PERSONS = 10_000;
/** KursTfVO and KursTFTermregVO of a call, or personnummer. */
export const MAX_ASKED = 10_000;
