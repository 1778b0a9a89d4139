/**
 * Values → bytes, compiled once from a WSDL's model: exactly the schema's elements in the schema's order, whatever
 * the value is (contract section 1, "Output is exactly the schema").
 */
import { AdresslistaError } from "../errors.js";
import { type Encodable, FinishedElements, OneByteText, type SoapVersion } from "./api.js";
import { ENVELOPE_NAMESPACES } from "./fault.js";
import type { FieldModel, FieldType, ServiceModel, SimpleType } from "./wsdl.js";
import { escapeAttribute, escapeText } from "./xml.js";

/** Gives so many bytes to write in, whatever stands there. */
export type RoomForBytes = (bytes: number) => Buffer;

export interface Encoders {
  /** A whole envelope with the operation's answer; `value` is what `return` says. */
  readonly response: (
    operation: string,
    version: SoapVersion,
    value: Encodable,
    room?: RoomForBytes,
  ) => Buffer;
  /** One element of a type of the schema, as it stands inside an answer. */
  readonly element: (elementName: string, typeName: string, value: Encodable) => Buffer;
}

export function compileEncoders(model: ServiceModel): Encoders {
  const types = compileTypes(model);
  const responses = new Map<string, ResponseEncoder>();
  for (const { name, responseName, output } of model.operations) {
    const [result, another] = output;
    if (result === undefined || another !== undefined) {
      throw new AdresslistaError(
        "internal",
        `The WSDL is not supported: answer of ${name} is not one element.`,
      );
    }
    responses.set(name, compileResponse(model.targetNamespace, responseName, compileField(result, types)));
  }
  const elements = new Map<string, FieldWriter>();
  return {
    response(operation, version, value, room = Buffer.allocUnsafe) {
      const encode = responses.get(operation);
      if (encode === undefined)
        throw new AdresslistaError("internal", `The WSDL has no operation ${operation}.`);
      return encode(version, value, room);
    },
    element(elementName, typeName, value) {
      const key = `${elementName} ${typeName}`;
      let write = elements.get(key);
      if (write === undefined) {
        write = compileField({ name: elementName, type: { complex: typeName }, repeated: false }, types);
        elements.set(key, write);
      }
      const out = emptyOutput();
      write(value, out);
      return bytesOf(out, Buffer.allocUnsafe);
    },
  };
}

// ── What is written to ──────────────────────────────────────────────────────────────────────────────────────────

/** Text is joined as a string, which is the fastest that V8 has; finished bytes stand between the texts. */
interface Output {
  text: string;
  readonly before: (string | Buffer | OneByteText)[];
}

function emptyOutput(): Output {
  return { text: "", before: [] };
}

function addFinished(out: Output, finished: FinishedElements): void {
  if (finished.chunks.length === 0) return;
  out.before.push(out.text);
  out.text = "";
  for (const chunk of finished.chunks) out.before.push(chunk);
}

function bytesOf(out: Output, room: RoomForBytes): Buffer {
  if (out.before.length === 0) return Buffer.from(out.text);
  const segments = [...out.before, out.text];
  let length = 0;
  for (const segment of segments) {
    if (typeof segment === "string") length += Buffer.byteLength(segment);
    else length += segment instanceof OneByteText ? segment.text.length : segment.length;
  }
  const bytes = room(length);
  let at = 0;
  for (const segment of segments) {
    if (typeof segment === "string") at += bytes.write(segment, at);
    else if (segment instanceof OneByteText) at += bytes.write(segment.text, at, "latin1");
    else {
      bytes.set(segment, at);
      at += segment.length;
    }
  }
  return bytes;
}

// ── Envelope ────────────────────────────────────────────────────────────────────────────────────────────────────

type ResponseEncoder = (version: SoapVersion, value: Encodable, room: RoomForBytes) => Buffer;

function compileResponse(targetNamespace: string, responseName: string, write: FieldWriter): ResponseEncoder {
  const start = (version: SoapVersion): string =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="${ENVELOPE_NAMESPACES[version]}"><soap:Body>` +
    `<ns2:${responseName} xmlns:ns2="${escapeAttribute(targetNamespace)}">`;
  const starts: Readonly<Record<SoapVersion, string>> = { "1.1": start("1.1"), "1.2": start("1.2") };
  const end = `</ns2:${responseName}></soap:Body></soap:Envelope>`;
  return (version, value, room) => {
    const out = emptyOutput();
    out.text = starts[version];
    write(value, out);
    out.text += end;
    return bytesOf(out, room);
  };
}

// ── Elements ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Writes the element, or all of a repeated one, or nothing when the value is absent. */
type FieldWriter = (value: Encodable, out: Output) => void;

/** Writes a present value with its tags. `emptyStrings`: also a string without characters. */
type ValueWriter = (value: Encodable, out: Output, emptyStrings: boolean) => void;

type ObjectValue = { readonly [element: string]: Encodable };

interface CompiledType {
  readonly names: string[];
  readonly writers: FieldWriter[];
}

type TypeWriters = ReadonlyMap<string, CompiledType>;

function compileTypes(model: ServiceModel): TypeWriters {
  const types = new Map<string, CompiledType>();
  // Types may refer to each other in any order, so each is there before its fields are compiled.
  for (const name of model.types.keys()) types.set(name, { names: [], writers: [] });
  for (const [name, fields] of model.types) {
    for (const field of fields) {
      types.get(name)?.names.push(field.name);
      types.get(name)?.writers.push(compileField(field, types));
    }
  }
  return types;
}

function compileField(field: FieldModel, types: TypeWriters): FieldWriter {
  const write = compileValue(field.name, field.type, types);
  const always = "simple" in field.type && (field.type.simple === "boolean" || field.type.simple === "int");
  if (!field.repeated) {
    return (value, out) => {
      if (value instanceof FinishedElements) addFinished(out, value);
      // The schema has one place; a list here is a mistake of ours, and must not become an invalid answer.
      else if (Array.isArray(value)) write((value as readonly Encodable[])[0], out, false);
      else if (always || (value !== undefined && value !== null)) write(value, out, false);
    };
  }
  return (value, out) => {
    if (value === undefined || value === null) return;
    if (value instanceof FinishedElements) addFinished(out, value);
    else if (Array.isArray(value)) {
      for (const item of value as readonly Encodable[]) {
        if (item instanceof FinishedElements) addFinished(out, item);
        // An item without characters counts: `values` of a message are told apart by their places.
        else if (item !== undefined && item !== null) write(item, out, true);
      }
    } else write(value, out, false);
  };
}

function compileValue(name: string, type: FieldType, types: TypeWriters): ValueWriter {
  const open = `<${name}>`;
  const close = `</${name}>`;
  if ("simple" in type) {
    const textOf = SIMPLE_TEXTS[type.simple];
    return (value, out, emptyStrings) => {
      const text = textOf(value);
      if (text !== "" || (emptyStrings && type.simple === "string")) out.text += open + text + close;
    };
  }
  const compiled = types.get(type.complex);
  if (compiled === undefined) throw new AdresslistaError("internal", `The WSDL has no type ${type.complex}.`);
  const { names, writers } = compiled;
  return (value, out) => {
    if (typeof value !== "object" || value === null) return;
    out.text += open;
    for (let at = 0; at < writers.length; at++) {
      writers[at]?.((value as ObjectValue)[names[at] as string], out);
    }
    out.text += close;
  };
}

// ── Scalars ─────────────────────────────────────────────────────────────────────────────────────────────────────

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;

/** Registers write a comma or a full stop. */
const DECIMAL = /^([+-]?)(\d*)(?:[.,](\d*))?$/;

/** "" is left out. Booleans and ints always have a text: clients read them as obligatory (contract section 1). */
const SIMPLE_TEXTS: Readonly<Record<SimpleType, (value: Encodable) => string>> = {
  string: (value) => {
    if (typeof value === "string") return escapeText(value);
    return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
  },
  boolean: (value) => (value === true ? "true" : "false"),
  int: (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= INT_MIN && value <= INT_MAX
      ? String(value)
      : "0",
  decimal: (value) => {
    const text = typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "";
    const [, sign, whole = "", fraction = ""] = DECIMAL.exec(text) ?? [];
    if (whole === "" && fraction === "") return "";
    // As every stack reads it: a digit before the point, one after it, no plus sign.
    return (sign === "-" ? "-" : "") + (whole || "0") + (fraction === "" ? "" : `.${fraction}`);
  },
};
