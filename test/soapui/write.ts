/** `npm run soapui`: writes the SoapUI project and the sample requests anew, and says which golden cases are in neither. */
import { mkdirSync, writeFileSync } from "node:fs";
import { build, PROJECT_FILE, SAMPLES_FOLDER } from "./build.js";

const { project, samples, leftOut } = await build();
writeFileSync(PROJECT_FILE, project);
mkdirSync(SAMPLES_FOLDER, { recursive: true });
for (const [name, text] of Object.entries(samples)) writeFileSync(new URL(name, SAMPLES_FOLDER), text);
console.log(
  `${project.match(/<con:testCase /g)?.length ?? 0} test cases, ${Object.keys(samples).length} samples`,
);
console.log(`left out: ${leftOut.length}`);
for (const why of new Set(leftOut.map((one) => one.why))) {
  console.log(
    `- ${why}: ${leftOut
      .filter((one) => one.why === why)
      .map(({ id }) => id)
      .join(", ")}`,
  );
}
