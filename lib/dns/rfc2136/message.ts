import { Buffer } from "node:buffer";
import packet from "dns-packet";

/** Kinds of requests: a query (RFC 1035 section 4.1.1), a dynamic update (RFC 2136 section 1.3). */
export const OPCODE = { query: 0, update: 5 } as const;

/** Classes of records (RFC 1035 section 3.2.4); an update deletes a set by that of class `ANY`. */
export const CLASS = { IN: 1, ANY: 255 } as const;

/** The longest message over TCP (RFC 1035 section 4.2.2). */
const MAX_MESSAGE_BYTES = 65_535;

/** Where the header ends. */
const HEADER_BYTES = 12;

/** Type, class, TTL and RDLENGTH of a record, behind its name. */
const FIXED_BYTES = 10;

/** A record on its way out. */
export interface OutRecord {
  name: string;
  /** Number of the type. */
  type: number;
  class: keyof typeof CLASS;
  ttl: number;
  /** As it goes over the wire, without compression. */
  rdata: Buffer;
}

/** A request. */
export interface DnsRequest {
  opcode: number;
  /** What is asked for; in an update the zone, of type SOA. */
  question: { name: string; type: number };
  /** What must hold for an update (RFC 2136 section 2.4). */
  prerequisites?: readonly OutRecord[];
  /** What an update changes, in this order (RFC 2136 section 2.5). */
  updates?: readonly OutRecord[];
}

/** A record that came in an answer; its RDATA, which may be compressed, stays in there. */
export interface InRecord {
  /** In lower case, without a trailing dot. */
  name: string;
  type: number;
  ttl: number;
  /** Where the record begins in the message. */
  start: number;
  /** Where its RDATA begins and ends. */
  rdataStart: number;
  rdataEnd: number;
}

/** An answer. */
export interface DnsAnswer {
  bytes: Buffer;
  id: number;
  opcode: number;
  rcode: number;
  authoritative: boolean;
  truncated: boolean;
  /** What was asked for; later messages of a transfer leave it out (RFC 5936 section 2.2.1). */
  question?: { name: string; type: number };
  answers: InRecord[];
  authorities: InRecord[];
  additionals: InRecord[];
}

/** How many bytes a record takes in a request. */
export function recordBytes({ name, rdata }: OutRecord): number {
  return packet.name.encodingLength(name) + FIXED_BYTES + rdata.length;
}

/**
 * The bytes of a request.
 *
 * @throws {RangeError} when it is longer than a message can be.
 */
export function encodeRequest(id: number, request: DnsRequest): Buffer {
  const { opcode, question, prerequisites = [], updates = [] } = request;
  const bytes = packet.encode({
    id,
    flags: opcode << 11,
    questions: [{ ...question, type: typeWord(question.type) }],
    answers: prerequisites.map(toPacket),
    authorities: updates.map(toPacket),
  }) as Buffer;
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new RangeError(
      `Cannot write the records of ${
        updates[0]?.name
      }: they take ${bytes.length} bytes, a DNS message has at most ${MAX_MESSAGE_BYTES}; give it fewer`,
    );
  }
  return bytes;
}

/** The library writes the RDATA of a type that it is not told the name of as it is. */
function typeWord(type: number): string {
  return `UNKNOWN_${type}`;
}

function toPacket({ type, rdata, ...rest }: OutRecord): unknown {
  return { ...rest, type: typeWord(type), data: rdata };
}

/**
 * Reads an answer.
 *
 * @throws {Error} when it is cut short, or no answer to anything.
 */
export function readAnswer(bytes: Buffer): DnsAnswer {
  if (bytes.length < HEADER_BYTES) throw new RangeError("the header is cut short");
  const flags = bytes.readUInt16BE(2);
  if ((flags & 0x8000) === 0) throw new TypeError("it is a request");
  const [questions = 0, ...counts] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  if (questions > 1) throw new RangeError("it has several questions");
  let at = HEADER_BYTES;

  function readName(): string {
    const name: string = packet.name.decode(bytes, at);
    at += packet.name.decode.bytes;
    return name.toLowerCase();
  }

  function readRecord(): InRecord {
    const start = at;
    const name = readName();
    const rdataStart = at + FIXED_BYTES;
    const [type, ttl] = [bytes.readUInt16BE(at), bytes.readUInt32BE(at + 4)];
    at = rdataStart + bytes.readUInt16BE(at + 8);
    if (at > bytes.length) throw new RangeError("a record is cut short");
    return { name, type, ttl, start, rdataStart, rdataEnd: at };
  }

  let question: DnsAnswer["question"];
  if (questions === 1) {
    question = { name: readName(), type: bytes.readUInt16BE(at) };
    at += 4;
  }
  const [answers = [], authorities = [], additionals = []] = counts.map((count) =>
    Array.from({ length: count }, readRecord)
  );
  if (at !== bytes.length) throw new RangeError("something follows its last record");
  return {
    bytes,
    id: bytes.readUInt16BE(0),
    opcode: (flags >> 11) & 0xf,
    rcode: flags & 0xf,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    ...(question !== undefined && { question }),
    answers,
    authorities,
    additionals,
  };
}
