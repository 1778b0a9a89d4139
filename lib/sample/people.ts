/**
 * Invented people: names put together from lists, addresses in a town that does not exist, e-mail addresses under names
 * that are reserved for examples (RFC 2606, and example.se at Internetstiftelsen), and telephone numbers that PTS (Post-
 * och telestyrelsen) keeps free for books and films: 070-1740605–699, 08-46500400–499, 031-3900600–699,
 * 040-6280400–499, 0980-319200–299.
 */
import type { Gender } from "./identity.js";
import type { SampleAddress } from "./ims-xml.js";
import type { Random } from "./random.js";

export const TOWN = "Lingonköping";

export interface Name {
  readonly given: string;
  readonly family: string;
}

export function inventName(random: Random, gender: Gender): Name {
  return {
    given: random.pick(gender === "female" ? WOMEN : MEN),
    family: random.chance(15) ? random.pick(FAMILIES) : random.pick(FAMILY_HEADS) + random.pick(FAMILY_TAILS),
  };
}

export function inventAddress(random: Random): SampleAddress {
  const street = `${random.pick(STREET_HEADS)}${random.pick(STREET_TAILS)} ${1 + random.below(90)}`;
  return {
    streets: [random.chance(30) ? `${street} lgh ${1001 + 100 * random.below(6) + random.below(4)}` : street],
    locality: random.chance(80) ? TOWN : random.pick(VILLAGES),
    pcode: `99${1 + random.below(9)} ${10 + random.below(90)}`,
  };
}

export function inventMobile(random: Random): string {
  return `070-1740${605 + random.below(95)}`;
}

export function inventTelephone(random: Random): string {
  return random.pick([
    `08-46500${400 + random.below(100)}`,
    `031-3900${600 + random.below(100)}`,
    `040-6280${400 + random.below(100)}`,
    `0980-319${200 + random.below(100)}`,
  ]);
}

/** `distinction` tells apart people of one name; "" for none. */
export function emailOf({ given, family }: Name, domain: string, distinction = ""): string {
  return `${mailbox(given)}.${mailbox(family)}${distinction}@${domain}`;
}

function mailbox(name: string): string {
  return name
    .normalize("NFD")
    .toLowerCase()
    .replaceAll("ø", "o")
    .replaceAll(/[^a-z-]/g, "");
}

const WOMEN = words(`
  Aisha Alva Amanda Amina Anja Anna Annika Asta Astrid Birgitta Britt-Marie Camilla Cecilia Ebba Elin Elisabeth Elsa Emma
  Esmeralda Eva Fatima Frida Gerd Gun-Britt Hanna Hedvig Helena Hodan Ida Inés Ingrid Jasmine Johanna Jonna Josefin
  Karin Katarina Kristina Lea Leila Lena Linnéa Lovisa Maja Malin Maria Märta Mona Nadia Naima Nora Olivia Renée Rut
  Samira Sara Selma Signe Siv Sofia Stina Susanne Svetlana Tindra Tuva Ulla Vera Viktoria Yasmin Zahra Åsa`);
const MEN = words(`
  Abdi Adam Ahmed Albin Ali Anders André Anton Arvid Axel Bengt Björn Bo Carl-Johan Casper Dawit David Edvin Elias Emil
  Erik Fredrik Georg Göran Gustav Hamid Hans Henrik Hugo Håkan Ibrahim Isak Jan-Erik Joel Johan Jonas Karim Kent Kevin
  Lars Leif Leo Liam Ludvig Magnus Malte Martin Mehmet Melvin Mikael Nils Noah Ola Oliver Omar Oskar Pär Per Pontus Ragnar
  Rasmus Robin Roland Samuel Sebastian Sixten Stefan Sven Tage Theo Tomas Ulf Valter Viktor Vilgot Yusuf Åke Örjan`);
const FAMILIES = [
  ...words(`
    Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson Pettersson Jonsson Hansson
    Bengtsson Jönsson Wallin Vallin Wiberg Viberg Åberg Ådahl Åkesson Ärlig Öberg Öhman Özdemir Ali Hassan Mohamed Nguyen
    Nowak Rossi Müller Andrée Lindén Norén D'Angelo O'Neill El-Amin Al-Khatib`),
  "von Lingon",
  "de Blåbär",
];
const FAMILY_HEADS = words(`
  Al Asp Berg Björk Blom Bok Ceder Ek Fager Fors Gran Grön Hall Hav Hed Hjort Holm Käll Lilje Lind Lund Lärk Löv Mal Moss
  Mört Nord Ny Näs Rosen Ros Rön Sand Sjö Skog Sten Strand Sund Söder Tall Vester Vik Åker Älv Öster`);
const FAMILY_TAILS = words(`
  berg blad bom borg dahl fors gren hult kvist lind löf lund mark qvist rot stedt ström sjö ås ö`);
const STREET_HEADS = words(`
  Lingon Blåbärs Hjortron Kråkbärs Tranbärs Hallon Smultron Odon Björnbärs Åkerbärs Slån Enbärs Vinbärs Krusbärs`);
const STREET_TAILS = words("gatan vägen stigen gränd backen torget allén");
const VILLAGES = words("Tranbärsby Odonvik Kråkbo Åkerbärsö Hallonås");

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
