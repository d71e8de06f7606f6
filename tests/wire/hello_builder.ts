/** A part of a message: bytes, or text that stands for one byte a character. */
export type Part = Uint8Array | number[] | string;

/** Joins parts. */
export function bytes(...parts: Part[]): Uint8Array<ArrayBuffer> {
  const arrays = parts.map((part) =>
    typeof part === "string" ? Uint8Array.from(part, (c) => c.charCodeAt(0)) : Uint8Array.from(part)
  );
  const joined = new Uint8Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    joined.set(array, at);
    at += array.length;
  }
  return joined;
}

/** A big-endian integer of 2 bytes. */
export function u16(value: number): number[] {
  return [value >> 8 & 0xff, value & 0xff];
}

/** A vector: its length in `size` bytes, then its content. */
export function vector(size: 1 | 2 | 3, ...content: Part[]): Uint8Array<ArrayBuffer> {
  const body = bytes(...content);
  const length = [body.length >> 16 & 0xff, body.length >> 8 & 0xff, body.length & 0xff];
  return bytes(length.slice(3 - size), body);
}

/** An extension of a ClientHello. */
export function extension(type: number, ...body: Part[]): Uint8Array<ArrayBuffer> {
  return bytes(u16(type), vector(2, ...body));
}

/** A server_name extension with one host name. */
export function serverName(name: Part): Uint8Array<ArrayBuffer> {
  return extension(0, vector(2, [0], vector(2, name)));
}

/** An ALPN extension. */
export function alpn(...protocols: string[]): Uint8Array<ArrayBuffer> {
  return extension(16, vector(2, ...protocols.map((protocol) => vector(1, protocol))));
}

/** Fields of a ClientHello body; those not given are plain and valid. */
export interface HelloFields {
  version?: Part;
  random?: Part;
  sessionId?: Part;
  cipherSuites?: Part;
  compression?: Part;
  /** Extensions in order; `null` leaves out the block as a whole. */
  extensions?: Part[] | null;
  /** Bytes behind the extension block, inside the message. */
  after?: Part;
}

/** The body of a ClientHello message. */
export function helloBody(fields: HelloFields = {}): Uint8Array<ArrayBuffer> {
  const { extensions = [serverName("kaylee.example.org"), alpn("h2", "http/1.1")] } = fields;
  return bytes(
    fields.version ?? [3, 3],
    fields.random ?? new Uint8Array(32).fill(0xab),
    vector(1, fields.sessionId ?? new Uint8Array(32).fill(0xcd)),
    vector(2, fields.cipherSuites ?? [0x13, 0x01, 0x13, 0x02, 0xc0, 0x2f]),
    vector(1, fields.compression ?? [0]),
    extensions === null ? [] : vector(2, ...extensions),
    fields.after ?? [],
  );
}

/** A handshake message. */
export function message(body: Part, type = 1): Uint8Array<ArrayBuffer> {
  return bytes([type], vector(3, body));
}

/** A TLS record. */
export function record(fragment: Part, type = 22, version = 0x0301): Uint8Array<ArrayBuffer> {
  return bytes([type], u16(version), vector(2, fragment));
}

/** Puts a message into records that end at the given offsets of it, the last one at its end. */
export function records(content: Uint8Array, cuts: number[] = []): Uint8Array<ArrayBuffer> {
  const ends = [...cuts, content.length];
  return bytes(...ends.map((end, i) => record(content.subarray(ends[i - 1] ?? 0, end))));
}

/** A ClientHello in one record. */
export function hello(fields: HelloFields = {}): Uint8Array<ArrayBuffer> {
  return record(message(helloBody(fields)));
}
