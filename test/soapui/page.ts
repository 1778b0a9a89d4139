import { readFileSync } from "node:fs";

const PAGE = new URL("../../docs/clients/soapui.md", import.meta.url);

export interface CurlLine {
  readonly line: string;
  /** The sample request that it sends, by the name of its file, and where to. */
  readonly sample: string;
  readonly url: string;
}

/** The lines of the page about SoapUI, as one pastes them. */
export function curlLines(): readonly CurlLine[] {
  const lines = readFileSync(PAGE, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("curl "));
  return lines.map((line) => {
    const [, sample, url] = /--data-binary @docs\/clients\/samples\/(\S+) (http:\S+)$/.exec(line) ?? [];
    if (sample === undefined || url === undefined) throw new Error(`not of the form of the others: ${line}`);
    return { line, sample, url };
  });
}
