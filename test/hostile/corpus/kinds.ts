import type { HostileMessage } from "../messages.js";
import { documentTypes } from "./document-types.js";
import { encodings } from "./encodings.js";
import { javascriptCredentials, javascriptNames } from "./javascript-names.js";
import { largeCalls } from "./large-calls.js";
import { maps } from "./maps.js";
import { references } from "./references.js";
import { structure } from "./structure.js";
import { compression, multiparts, soapActions } from "./transport.js";

/** All messages by what they are about. */
export const KINDS: Readonly<Record<string, readonly HostileMessage[]>> = {
  "DOCTYPEs and entities": documentTypes,
  "structure, and how much of everything": structure,
  "names that are JavaScript's own": [...javascriptNames, ...javascriptCredentials],
  "SOAP-encoding's references": references,
  "Apache's maps": maps,
  "calls that ask for much": largeCalls,
  "character encodings": encodings,
  compression,
  "attachments and media types": multiparts,
  "actions that contradict the body": soapActions,
};
