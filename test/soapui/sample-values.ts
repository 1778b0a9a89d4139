/**
 * The golden pairs are about the register test/wire/export.xml; the demonstration's is data/sample-export.xml, which has
 * nearly all that they show under other codes, half-years and people. Here stands what is what. `npm run soapui` holds
 * each answer of the sample against the golden one, and fails where it shows something else.
 */

/** Texts of elements, or `name=text` for one kind of element, in test/wire → in the sample. */
export type Values = Readonly<Record<string, string>>;

export const VALUES: Values = {
  VUX1: "LVUX",
  vux1: "lvux",
  ÅSÖ: "BLÅ",
  åsö: "blå",
  DIST: "BLÅ",
  "082": "252",
  "091": "262",
  "092": "261",
  ht09: "ht26",
  h09: "h26",
  VT09: "VT26",
  V09: "V26",
  "20091": "20261",
  // A course that has none but its name; one that nobody has; one whose code has an Å, Ä or Ö and that no programme has
  ZOOZOO01: "DATTIL0",
  FYSFYS01a: "ZOOZOO01",
  åkeåke0: "före1000x",
  MA001: "LK004",
  MA002: "LK004",
  ma002: "lk004",
  UPPSA: "TRANB",
  uppsa: "tranb",
  STHLM: "LINK",
  Stockholm: "Lingonköping",
  "200903": "202634",
  "200923": "202702",
  // People. All that a PersonVO can hold: E0023
  "198001019812": "199101042381",
  "8001019812": "9101042381",
  "19800101-9812": "19910104-2381",
  "19 80 01 01 – 9812": "19 91 01 04 – 2381",
  "800101+9812": "910104+2381",
  "18800101-9812": "18910104-2381",
  // E0012, E0011, E0040
  "8001199986": "0501172399",
  "801010-9893": "970217-2389",
  "19801010-9893": "19970217-2389",
  "8001149932": "9105052386",
  // Protected, E0019; interim, E0003; incorrect, E0006 and E0004
  "8011119909": "9712172395",
  "800404-t984": "900304-t102",
  "8006069862": "9208092389",
  "19800606-9862": "19920809-2389",
  "800707-TF01": "910412-TF01",
};

/** Two occasions alike but for Kursomgang. */
const TWO_ALIKE: Values = { MATMAT02b: "ENGENG06" };

/** An occasion of three half-years. */
const THREE_HALF_YEARS: Values = { MATMAT02b: "SAMSAM01b", "091": "261", "092": "262" };

/** The occasion with the people who show something. */
const SPECIAL_PEOPLE: Values = { MATMAT02b: "ENGENG05", MA001: "LK001", "Kurstyp=_": "ORD" };

/** Distance, without a place. */
const DISTANCE: Values = { MATMAT02b: "ENGENG07" };

/** What programme VOBAS begins with, and goes on with in the next half-year. */
const PROGRAMME: Values = { EKPKT: "VOBAS", "091": "252" };

export const CHANGES: readonly { readonly cases: RegExp; readonly values: Values }[] = [
  {
    cases:
      /^getAdrLista\/(booleans-as|boolean-that-is-none|course-info|fields-that|flags-FFG-and-FO|key-field-Kursomgang|free-search-(Anmkod|FFG-by|Kursomgang))/,
    values: TWO_ALIKE,
  },
  {
    cases:
      /^getAdrLista\/(a-person-stands|key-field-(Starttermin|Termordning)|typ-FO-means|free-search-(FO|Termordning))/,
    values: THREE_HALF_YEARS,
  },
  { cases: /^getKursTf\/(FORT-of|course-info-of)/, values: THREE_HALF_YEARS },
  {
    cases: /^getAdrLista\/(email-fills|incorrect-personnummer|occasion-FFG-as)/,
    values: SPECIAL_PEOPLE,
  },
  { cases: /^getAdrLista\/wide-values/, values: { ...SPECIAL_PEOPLE, KVÄ: "DAG" } },
  { cases: /^getAdrLista\/(key-field-Undform|key-field-Ortskod-of|free-search-Undform)/, values: DISTANCE },
  { cases: /^getAdrLista\/(key-field|free-search)-Kurstyp-.*none/, values: { MATMAT02b: "MATMAT01a" } },
  { cases: /^getAdrLista\/several-occasions/, values: { "Kurstyp=_": "ORD" } },
  { cases: /^getAdrLista\/(OM-adds|termregistrering-together)/, values: { "Kursomgang=2": "1" } },
  {
    cases: /^getAdrLista\/occasion-FORT-as/,
    values: {
      MATMAT02b: "FYSFYS01a",
      "091": "261",
      "025": "050",
      "100": "150",
      MA003: "LK009",
      "200836": "202534",
      "200951": "202623",
    },
  },
  {
    cases: /^getAdrLista\/occasion-of-other-forms/,
    values: {
      "SFI-C": "FÖRE1000X",
      halvfart: "VAR",
      "kv/helg": "DAG",
      NML: "DST",
      "Kurstyp=_": "UPP",
      // Its occasion has no place, and an anmkod that the load has made
      "SFI-000001": "",
      GLS: "",
      "Gamla Lingonköpings stadsdel": "",
    },
  },
  { cases: /^getAdrLista\/termregistrering-/, values: PROGRAMME },
  {
    cases: /^getAdrLista\/termregistrering-(FORT-as|Starttermin-of-FO)/,
    values: { "091": "261" },
  },
  { cases: /^getAdrLista\/termregistrering-programinriktning-and/, values: { "02": "01" } },
  { cases: /^getAdrLista\/termregistrering-termordningkurs-narrows/, values: { "termordningkurs=1": "2" } },
  { cases: /^getAdrLista\/termregistrering-together/, values: { VÅRVÅR01: "HÄLHÄL0", "091": "262" } },
  { cases: /^getKursTf\/FFG-before-FORT/, values: { MATMAT02b: "FYSFYS01a", "091": "261" } },
  { cases: /^getKursTf\/(course-info-of|kurskod-in-any-case)/, values: { "092": "262" } },
  { cases: /^getKursTf\/values-of-other-forms/, values: { "sfi-c": "före1000x" } },
  { cases: /findInstitutionsByBenamn\/å-and-ö-are/, values: { ASO: "BLABAR" } },
  { cases: /findInstitutionsByBenamn\/å-and-ö-in/, values: { ÅSÖ: "BLÅBÄR" } },
  { cases: /findInstitutionsByDelkod\/a-part/, values: { s: "v" } },
  { cases: /getNameByPartPnr\/a-date-with/, values: { "19800118": "19910104" } },
  { cases: /getNameByPartPnr\/a-separator/, values: { "19901212-99": "19910411-23" } },
  { cases: /getNameByPartPnr\/incorrect/, values: { "800606": "920809" } },
  { cases: /getNameByPartPnr\/seven/, values: { "8001179": "9101042" } },
  { cases: /getNameByPartPnr\/six-digits-that/, values: { "198001": "199101" } },
  { cases: /getNameByPartPnr\/six-digits$/, values: { "800116": "910104" } },
];

const NOBODY_GOES_ON_BESIDE_OM = "in no course of the sample some go on while others are registered again";

/** Cases that the sample's data cannot show, or a parser not take, and why. */
export const NO_COUNTERPART: Readonly<Record<string, string>> = {
  "getAdrLista/OM-goes-by-kalendertermin-of-FO": NOBODY_GOES_ON_BESIDE_OM,
  "getAdrLista/free-search-all-kinds-in-one-list": NOBODY_GOES_ON_BESIDE_OM,
  "getAdrLista/free-search-narrows-FFG-and-FO-but-not-OM": NOBODY_GOES_ON_BESIDE_OM,
  "getAdrLista/email-person-without-first-name": "everybody in the sample has a first name",
  "getAdrLista/one-name-ordered-by-century-and-personnummer": "no two people of the sample have one name",
  "getKursTf/courses-in-programmes-equal-rows-once-poang-absent-where-it-differs":
    "the sample has one occasion of each course in a programme",
  "UtilityFetcher/getKursTillFByKod/values-wider-than-T04-written-whole":
    "no value of an occasion of the sample is wider",
  "reading/body-element-in-another-namespace": "its namespace is no URI, which some parsers refuse",
};

/** Cases that show less on the sample than their names say. */
export const OTHER_NAMES: Readonly<Record<string, string>> = {
  "UtilityFetcher/findAllPlaces/all-of-them-one-without-a-name": "all of them",
};
