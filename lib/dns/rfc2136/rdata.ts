import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import packet from "dns-packet";
import type { InRecord } from "./message.ts";

/** Types that are known by name here; all others are `TYPE` and a number (RFC 3597 section 5). */
const NUMBERS: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  SVCB: 64,
  HTTPS: 65,
  CAA: 257,
};

const NAMES = new Map(Object.entries(NUMBERS).map(([name, number]) => [number, name]));

/** A value's parts: texts in quotes, or words. */
const PARTS = /"(?:[^"\\]|\\.)*"|\S+/gs;

/** A value of a type without a form of its own here (RFC 3597 section 5). */
const GENERIC = /^\\# (\d+) ?([0-9a-f]*)$/i;

/** How the values of a type are written in zone files; `data` is what the library has for one. */
interface Form<T> {
  write(data: T): string;
  read(...parts: string[]): T;
}

const A: Form<string> = { write: (address) => address, read: (text) => readAddress(text, 4) };
const AAAA: Form<string> = { write: (address) => address, read: (text) => readAddress(text, 6) };
const HOST: Form<string> = { write: writeHost, read: readHost };
const MX: Form<{ preference: number; exchange: string }> = {
  write: ({ preference, exchange }) => `${preference} ${writeHost(exchange)}`,
  read: (preference, exchange) => ({
    preference: Number(preference),
    exchange: readHost(exchange),
  }),
};
const SRV: Form<{ priority: number; weight: number; port: number; target: string }> = {
  write: ({ priority, weight, port, target }) =>
    `${priority} ${weight} ${port} ${writeHost(target)}`,
  read: (priority, weight, port, target) => ({
    priority: Number(priority),
    weight: Number(weight),
    port: Number(port),
    target: readHost(target),
  }),
};
const TXT: Form<Buffer[]> = {
  write: (texts) => texts.map(writeText).join(" "),
  read: (...parts) => parts.map(readText),
};
const CAA: Form<{ flags: number; tag: string; value: string }> = {
  write: ({ flags, tag, value }) => `${flags} ${tag} ${writeText(Buffer.from(value))}`,
  read: (flags, tag = "", value = "") => ({
    flags: Number(flags),
    tag,
    value: readText(value).toString(),
  }),
};

// deno-lint-ignore no-explicit-any
const FORMS: Readonly<Record<string, Form<any>>> = {
  ...{ A, AAAA, NS: HOST, CNAME: HOST, PTR: HOST, DNAME: HOST },
  ...{ MX, SRV, TXT, CAA },
};

/** The number of a type. */
export function typeNumber(type: string): number {
  const number = NUMBERS[type] ?? Number(/^TYPE(\d+)$/.exec(type)?.[1]);
  if (Number.isNaN(number)) throw new TypeError(`Cannot write a ${type} record: no such type`);
  return number;
}

/** The mnemonic of a type. */
export function typeName(number: number): string {
  return NAMES.get(number) ?? `TYPE${number}`;
}

/**
 * A record's value in the presentation format.
 *
 * @throws {Error} when its RDATA is none of its type.
 */
export function readValue(message: Buffer, { type, rdataStart, rdataEnd }: InRecord): string {
  const name = typeName(type);
  const form = FORMS[name];
  if (form === undefined) {
    const length = rdataEnd - rdataStart;
    return `\\# ${length} ${message.toString("hex", rdataStart, rdataEnd)}`.trimEnd();
  }
  const codec = packet.record(name);
  // The library begins at RDLENGTH, and believes it for some types only.
  const data = codec.decode(message, rdataStart - 2);
  if (codec.decode.bytes !== rdataEnd - rdataStart + 2) {
    throw new RangeError(`a record of type ${name} is of another length`);
  }
  return form.write(data);
}

/**
 * The RDATA of a value in the presentation format.
 *
 * @throws {Error} when it is none of that type.
 */
export function encodeValue(type: string, value: string): Buffer {
  const generic = GENERIC.exec(value);
  if (generic !== null) return Buffer.from(generic[2]!, "hex");
  const form = FORMS[type];
  if (form === undefined) throw new TypeError(`Cannot write ${value} as a ${type} record`);
  const codec = packet.record(type);
  const bytes: Buffer = codec.encode(form.read(...value.match(PARTS) ?? []));
  return bytes.subarray(2, codec.encode.bytes);
}

/** The serial in a SOA record. */
export function readSerial(message: Buffer, { rdataStart }: InRecord): number {
  return packet.record("SOA").decode(message, rdataStart - 2).serial;
}

function readAddress(text = "", family: 4 | 6): string {
  if (isIP(text) === family) return text;
  throw new TypeError(`Cannot write ${JSON.stringify(text)} as an IPv${family} address`);
}

function writeHost(host: string): string {
  return host === "." ? host : `${host.toLowerCase()}.`;
}

function readHost(host = ""): string {
  if (!/^([^.]{1,63}\.)+$|^\.$/.test(host) || host.length > 254) {
    throw new TypeError(`Cannot write ${JSON.stringify(host)} as the name of a host`);
  }
  return host;
}

/** RFC 1035 section 5.1; all but printable ASCII by its number. */
function writeText(bytes: Buffer): string {
  const text = bytes.toString("latin1").replace(/["\\]/g, "\\$&")
    .replace(/[^ -~]/g, (char) => `\\${String(char.charCodeAt(0)).padStart(3, "0")}`);
  return `"${text}"`;
}

function readText(part: string): Buffer {
  const text = part.replace(/^"(.*)"$/s, "$1").replace(
    /\\(\d{3}|.)/gs,
    (_, what: string) => what.length === 3 ? String.fromCharCode(Number(what)) : what,
  );
  if (text.length > 255) throw new TypeError("Cannot write a text of more than 255 bytes");
  return Buffer.from(text, "latin1");
}
