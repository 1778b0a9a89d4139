import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { certificateSubject } from "../../lib/access/subject.js";
import { certificateOf, openssl } from "../support/certificates.js";
import { inTemporaryFolder } from "../support/database.js";

describe("the subject of a certificate", () => {
  for (const [written, subject] of [
    ["CN=portal", "CN=portal"],
    ["CN=portal,O=Kommun", "CN=portal,O=Kommun"],
    ["O=Kommun,CN=portal", "CN=portal,O=Kommun"],
    [" cn = portal , o = Kommun ", "CN=portal,O=Kommun"],
    ["C=SE\nO=Kommun\nCN=portal", "C=SE,CN=portal,O=Kommun"],
    ["/C=SE/O=Kommun/CN=portal/x", "C=SE,CN=portal/x,O=Kommun"],
    ["C = SE, O = Kommun, CN = portal", "C=SE,CN=portal,O=Kommun"],
    ["1.2.3.4=x,CN=portal", "1.2.3.4=x,CN=portal"],
    ["O=Kommun\\, Exempel,CN=portal", "CN=portal,O=Kommun\\, Exempel"],
    ['O = "Kommun, Exempel", CN = portal', "CN=portal,O=Kommun\\, Exempel"],
    ['O="a \\" b",CN=x', 'CN=x,O=a \\" b'],
    ["O=\\C3\\96rebro,CN=portal", "CN=portal,O=Örebro"],
    ["O=Örebro,CN=portal", "CN=portal,O=Örebro"],
    ["CN=a + OU=b,O=Kommun", "CN=a,O=Kommun,OU=b"],
    ["O=Kommun + Region,CN=portal", "CN=portal,O=Kommun \\+ Region"],
    ["O=a\\\\,CN=x", "CN=x,O=a\\\\"],
  ] as const) {
    it(`${JSON.stringify(written)} is ${subject}`, () => {
      expect(certificateSubject(written)).to.equal(subject);
      expect(certificateSubject(subject), "and so is what it is written as").to.equal(subject);
    });
  }

  for (const wrong of [
    "",
    "portal",
    "CN",
    "CN=",
    "=portal",
    "CN=portal,",
    "CN=a,b",
    'CN="a',
    "\n",
    ",",
    "/",
  ]) {
    const kept = wrong === "CN=portal," ? "CN=portal" : undefined;
    it(`${JSON.stringify(wrong)} is ${kept ?? "none"}`, () => {
      expect(certificateSubject(wrong)).to.equal(kept);
    });
  }

  it("is never that of another certificate, whatever stands in a value", () => {
    const [one, ...others] = [
      "CN=portal\nO=Kommun",
      "CN=portal\\,O=Kommun",
      "CN=portal\\+O=Kommun",
      "CN=portal\\0AO=Kommun",
      "CN=portal0AO=Kommun",
      "CN=portal\\\\\nO=Kommun",
      "CN=Portal\nO=Kommun",
    ].map((subject) => certificateSubject(subject));
    expect(new Set([one, ...others]).size).to.equal(7);
  });

  it("is the same by node and by all that openssl prints", () =>
    inTemporaryFolder((folder) => {
      const subject = '/C=SE/L=Åmål/O=Kommun, Exempel \\+ "Söner" \\/ Co/CN=portal.example.se';
      const { certificateFile } = certificateOf(folder, "portal", { subject });
      const expected = certificateSubject(new X509Certificate(readFileSync(certificateFile)).subject);
      expect(expected).to.equal('C=SE,CN=portal.example.se,L=Åmål,O=Kommun\\, Exempel \\+ \\"Söner\\" / Co');
      for (const options of [
        [],
        ["-nameopt", "RFC2253"],
        ["-nameopt", "RFC2253,-esc_msb"],
        ["-nameopt", "oneline,-esc_msb"],
        ["-nameopt", "multiline,-align,-lname,sname"],
      ]) {
        const printed = openssl(["x509", "-noout", "-subject", "-in", join(certificateFile), ...options]);
        const copied = printed.replace(/^subject=\s*/, "").trim();
        expect(certificateSubject(copied), `${options} ${copied}`).to.equal(expected);
      }
      return Promise.resolve();
    }));
});
