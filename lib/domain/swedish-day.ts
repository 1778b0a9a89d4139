const SWEDISH_DAY = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Stockholm" });

/** The day in Sweden, ÅÅÅÅ-MM-DD, at an instant (milliseconds since 1970, or a Date). */
export function swedishDay(instant: number | Date): string {
  return SWEDISH_DAY.format(instant);
}
