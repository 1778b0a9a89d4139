/**
 * A WSDL → a service's codecs, compiled once at start: the file is the only place that says names, types and
 * order, so code and published interface cannot drift apart.
 */
import { AdresslistaError } from "../errors.js";
import { type Encodable, RepeatedAnswer, type SoapVersion } from "./api.js";
import { compileArguments, type Synonyms } from "./decode.js";
import { compileEncoders, type RoomForBytes } from "./encode.js";
import { type RequestReader, requestReader } from "./gate.js";
import { readWsdl, wsdlWriter } from "./wsdl.js";
import { withSoap12 } from "./wsdl12.js";

export interface SoapService {
  /** The portType's name, by which the service is known. */
  readonly name: string;
  readonly targetNamespace: string;
  readonly operations: readonly string[];
  /**
   * The call that a request's bytes make.
   * @throws AdresslistaError "request" for what is not a valid call; its cause is the SoapFault.
   */
  readonly decodeRequest: RequestReader;
  /**
   * The envelope that answers a call. Absent values and empty strings are left out, unknown keys ignored. It is written
   * where `room` says, or else in memory of its own; an answer that is given again never uses `room`.
   */
  readonly encodeResponse: (
    operation: string,
    version: SoapVersion,
    value: Encodable,
    room?: RoomForBytes,
  ) => Buffer;
  /** Finished bytes of one element, for FinishedElements: `encodeElement("PersonVO", "personVO", person)`. */
  readonly encodeElement: (elementName: string, typeName: string, value: Encodable) => Buffer;
  /** The WSDL as served, with `address` as every port's address; for SOAP 1.2 with a port for that besides. */
  readonly wsdl: (address: string, version?: SoapVersion) => string;
}

export interface ServiceOptions {
  /** Names that requests may use instead of the schema's: `{ kursTfVO: { KursTFtyp: "typ" } }`. Any case. */
  readonly synonyms?: Synonyms;
}

/** @throws AdresslistaError "internal" when the WSDL has what this layer does not support. */
export function loadService(wsdlText: string, options: ServiceOptions = {}): SoapService {
  try {
    const model = readWsdl(wsdlText);
    const encoders = compileEncoders(model);
    const writers: { [version in SoapVersion]?: WsdlWriter } = {};
    return {
      name: model.portType,
      targetNamespace: model.targetNamespace,
      operations: model.operations.map((operation) => operation.name),
      decodeRequest: requestReader(compileArguments(model, options.synonyms)),
      encodeResponse(operation, version, value, room) {
        if (!(value instanceof RepeatedAnswer)) return encoders.response(operation, version, value, room);
        const known = value.bytes[version];
        if (known !== undefined) return known;
        const bytes = encoders.response(operation, version, value.value);
        value.bytes[version] = bytes;
        value.onBytes(bytes.length);
        return bytes;
      },
      encodeElement: encoders.element,
      // Made when it is asked for: a service that starts has calls to answer first.
      wsdl(address, version = "1.1") {
        writers[version] ??= version === "1.1" ? wsdlWriter(wsdlText, model) : writer12(wsdlText);
        return writers[version](address);
      },
    };
  } catch (error) {
    if (!(error instanceof AdresslistaError) || error.code !== "request") throw error;
    throw new AdresslistaError("internal", `The WSDL cannot be read: ${error.message}`, { cause: error });
  }
}

type WsdlWriter = ReturnType<typeof wsdlWriter>;

function writer12(wsdlText: string): WsdlWriter {
  const text = withSoap12(wsdlText);
  return wsdlWriter(text, readWsdl(text));
}
