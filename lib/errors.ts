/**
 * The product's one error class. It is thrown where the knowledge is and turned into a SOAP fault, a message
 * or an exit code exactly once, at the edge.
 */
export type ErrorCode =
  | "internal" // exit 1
  | "usage" // exit 2
  | "settings" // exit 3
  | "fetch" // exit 4
  | "hostKey" // exit 5
  | "export" // exit 6: the export is unusable
  | "guard" // exit 7
  | "database" // exit 8
  | "busy" // exit 9: another reload is running; with `expose`, that a call comes when there are too many
  | "request"; // a SOAP request that is not a valid call: never an exit code

/** `message` must hold no personal data. `expose`: a caller over the network may read it. */
export class AdresslistaError extends Error {
  readonly code: ErrorCode;
  readonly expose: boolean;

  constructor(code: ErrorCode, message: string, options: { expose?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "AdresslistaError";
    this.code = code;
    this.expose = options.expose ?? false;
  }
}
