import { imsReader } from "./ims-reader.fuzz.js";
import { soapGate } from "./soap-gate.fuzz.js";
import type { FuzzTarget } from "./target.js";

export const TARGETS: readonly FuzzTarget[] = [soapGate, imsReader];
