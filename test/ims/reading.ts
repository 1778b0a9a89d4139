import { type ImsReadOptions, type ImsSummary, readImsStream } from "../../lib/ims/read.js";
import type { ImsGroup, ImsHandler, ImsMember, ImsPerson, ImsProperties } from "../../lib/ims/records.js";

/** All that a file gives, kept for looking at. */
export interface ReadExport {
  readonly summary: ImsSummary;
  readonly properties: ImsProperties[];
  readonly persons: ImsPerson[];
  readonly groups: ImsGroup[];
  readonly members: ImsMember[];
  readonly skipped: string[];
}

export const FILE_NAME = "export.xml";

export async function readBytes(
  chunks: readonly Buffer[],
  options: ImsReadOptions = {},
): Promise<ReadExport> {
  const read: Omit<ReadExport, "summary"> = {
    properties: [],
    persons: [],
    groups: [],
    members: [],
    skipped: [],
  };
  const handler: ImsHandler = {
    properties: (properties) => read.properties.push(properties),
    person: (person) => read.persons.push(person),
    group: (group) => read.groups.push(group),
    member: (member) => read.members.push(member),
    skipped: (kind, line, reason) => read.skipped.push(`${kind} line ${line}: ${reason}`),
  };
  async function* source() {
    yield* chunks;
  }
  const summary = await readImsStream(FILE_NAME, source(), handler, options);
  return { summary, ...read };
}

export function readXml(xml: string, options: ImsReadOptions = {}): Promise<ReadExport> {
  return readBytes([Buffer.from(xml)], options);
}

/** What is inside the root. */
export function readContent(content: string, options: ImsReadOptions = {}): Promise<ReadExport> {
  return readXml(`<enterprise>${content}</enterprise>`, options);
}

/** Nothing is mended: the first defect is the file's error. */
export const STRICTLY: ImsReadOptions = { repair: false };

/** The message of the AdresslistaError("export") that reading fails with; fails itself when there is none. */
export async function failureOf(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
  } catch (error) {
    if ((error as { code?: unknown }).code === "export") return (error as Error).message;
    throw error;
  }
  throw new Error("the file was read as if nothing were wrong with it");
}

/** Every kind of record and part once, å ä ö among them. */
export const WHOLE_EXPORT = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE enterprise SYSTEM "IMS-EP01.dtd">
<enterprise xmlns="http://www.imsglobal.org/services/enterprise">
  <comments>Påhittad</comments>
  <properties lang="sv">
    <datasource>Provköping</datasource>
    <target>LPW</target>
    <type>full</type>
    <datetime>2009-01-20T18:00:00</datetime>
  </properties>
  <person recstatus="1">
    <sourcedid sourcedidtype="New"><source>Alvis</source><id>p-0001-åäö-long-enough</id></sourcedid>
    <userid useridtype="PID">198001019999</userid>
    <name><fn>Åsa Provsson</fn><n><family>Provsson</family><given>Åsa</given></n></name>
    <email>asa@example.org</email>
    <tel teltype="Mobile">070-1740605</tel>
    <adr><street>Provgatan 1 &amp; 2</street><pcode>123 45</pcode><locality>Prövköping</locality></adr>
    <institutionrole primaryrole="Yes" institutionroletype="Student"/>
    <extension><skyddad>ja</skyddad></extension>
  </person>
  <group>
    <sourcedid><source>Alvis</source><id>g1</id></sourcedid>
    <grouptype><scheme>Alvis</scheme><typevalue level="1">Kursgrupp</typevalue></grouptype>
    <description><short>MATMAT02b</short><long>Matematik 2b</long></description>
    <timeframe><begin restrict="0">2009-01-07</begin><end restrict="0">2009-06-12</end></timeframe>
    <relationship relation="1"><sourcedid><source>Alvis</source><id>s1</id></sourcedid><label>skola</label></relationship>
  </group>
  <membership>
    <sourcedid><source>Alvis</source><id>g1</id></sourcedid>
    <member>
      <sourcedid><source>Alvis</source><id>p-0001-åäö-long-enough</id></sourcedid>
      <idtype>1</idtype>
      <role roletype="01"><status>1</status><timeframe><begin>2009-01-07</begin></timeframe></role>
    </member>
  </membership>
</enterprise>`;
