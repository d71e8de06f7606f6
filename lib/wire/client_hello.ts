/**
 * Bytes in, values out: what peers say, and what is said to them. No I/O; imports nothing.
 *
 * @module
 */
import { HelloError, type HelloMessage, helloSteps, type RejectReason } from "./hello_message.ts";

export type { HelloMessage, RejectReason };

/** Most raw bytes, record headers included, in which a ClientHello must be complete. */
export const MAX_HELLO_BYTES = 65_536;

/** Bytes of a TLS record before its fragment: type, version, length. */
const RECORD_HEADER_BYTES = 5;

/** Longest fragment of a plain-text record (RFC 9846 section 5.1). */
const MAX_FRAGMENT_BYTES = 1 << 14;

/** Record types (RFC 9846 section 5.1): 20 to 24 are assigned, 22 is a handshake. */
const RECORD = { first: 20, handshake: 22, last: 24 } as const;

/** Set in the first byte of an SSLv2 record without padding. */
const SSLV2_LENGTH_BIT = 0x80;

/** Message type of a ClientHello in SSLv2 format (RFC 5246 appendix E.2). */
const SSLV2_CLIENT_HELLO = 1;

/** Most bytes of a message that fit into {@linkcode MAX_HELLO_BYTES} with its record headers. */
const MAX_MESSAGE_BYTES = MAX_HELLO_BYTES -
  RECORD_HEADER_BYTES * Math.ceil(MAX_HELLO_BYTES / (MAX_FRAGMENT_BYTES + RECORD_HEADER_BYTES));

/** Size of the buffer for a hello in pieces: holds those of today's browsers, near 2,000 bytes. */
const FIRST_BUFFER_BYTES = 2048;

const NO_BYTES = new Uint8Array(0);

/** What the bytes of a connection turn out to be. */
export type HelloResult =
  /** A ClientHello so far, not yet complete. */
  | { state: "more" }
  /** A ClientHello in whole records; `length` is the raw bytes up to its end, record headers included. */
  | { state: "hello"; length: number } & HelloMessage
  /**
   * Not a ClientHello to pass on: `reason` is a stable word for a metric label, `detail` a clause for
   * a person.
   */
  | { state: "reject"; reason: RejectReason; detail: string };

/**
 * Whether bytes are for {@linkcode ClientHelloReader} by their first one: that of a TLS handshake
 * record, or of an SSLv2 hello, which the reader then refuses by name. True without any byte.
 *
 * No HTTP request begins like that: 22 is a control character, and from 128 on it is not ASCII.
 */
export function looksLikeTls(bytes: Uint8Array): boolean {
  return bytes.length === 0 || bytes[0] === RECORD.handshake || bytes[0]! >= SSLV2_LENGTH_BIT;
}

/** Reads a ClientHello from bytes that are all there; what follows it is ignored. */
export function parseClientHello(bytes: Uint8Array): HelloResult {
  return new ClientHelloReader().push(bytes);
}

/**
 * Reads a ClientHello that comes in pieces, over any number of reads and of TLS records (RFC 9846
 * section 5.1).
 *
 * The result depends on the bytes alone, not on how they are cut, and is final as soon as they
 * prove it. Takes time in proportion to the bytes pushed, and memory to the bytes received, up to
 * {@linkcode MAX_HELLO_BYTES}, never to a length that they declare. Consumes nothing: the caller
 * keeps the bytes to replay them.
 */
export class ClientHelloReader {
  #result: HelloResult = { state: "more" };
  /** The hello, until the rest of its record has come: a TLS server looks at nothing of a record before. */
  #hello: HelloResult | undefined;
  /** Raw bytes looked at so far. */
  #raw = 0;
  /** Bytes of the current record's header, as far as they have come. */
  #header: number[] = [];
  /** Bytes that the current record still has. */
  #fragmentLeft = 0;
  readonly #message = { bytes: NO_BYTES, received: 0 };
  readonly #steps = helloSteps(this.#message, MAX_MESSAGE_BYTES);

  /**
   * Looks at the next bytes of the connection. Keeps no reference to `chunk`.
   *
   * Once the answer is other than `more`, further bytes do not change it.
   */
  push(chunk: Uint8Array): HelloResult {
    if (this.#result.state !== "more") return this.#result;
    try {
      this.#readRecords(chunk);
    } catch (error) {
      if (!(error instanceof HelloError)) throw error;
      const { reason, message } = error;
      this.#result = { state: "reject", reason, detail: message };
      this.#message.bytes = NO_BYTES;
    }
    return this.#result;
  }

  #readRecords(chunk: Uint8Array): void {
    const start = this.#raw;
    const end = Math.min(chunk.length, MAX_HELLO_BYTES - start);
    let at = 0;
    while (at < end && this.#result.state === "more") {
      if (this.#fragmentLeft === 0) {
        this.#header.push(chunk[at++]!);
        this.#raw++;
        this.#readHeader();
      } else {
        const length = Math.min(this.#fragmentLeft, end - at);
        this.#readFragment(length === chunk.length ? chunk : chunk.subarray(at, at + length));
        at += length;
        this.#raw += length;
        this.#fragmentLeft -= length;
        if (this.#hello !== undefined && this.#fragmentLeft === 0) this.#result = this.#hello;
      }
    }
    if (this.#raw === MAX_HELLO_BYTES && this.#result.state === "more") {
      throw new HelloError("too-large", `the ClientHello is not complete in ${this.#raw} bytes`);
    }
  }

  /** Judges the record header as far as it has come. */
  #readHeader(): void {
    const type = this.#header[0]!;
    if (type !== RECORD.handshake) {
      if (this.#raw > RECORD_HEADER_BYTES || (type >= RECORD.first && type <= RECORD.last)) {
        const detail = `a record of type ${type} stands where the ClientHello must be`;
        throw new HelloError("unexpected-record", detail);
      }
      this.#refuseForeign();
    } else if (this.#header.length === RECORD_HEADER_BYTES) {
      // The record version is ignored for all purposes (RFC 9846 section 5.1).
      this.#fragmentLeft = this.#header[3]! << 8 | this.#header[4]!;
      this.#header = [];
      if (this.#fragmentLeft > MAX_FRAGMENT_BYTES) {
        const detail = `a record declares ${this.#fragmentLeft} bytes`;
        throw new HelloError("record-overflow", detail);
      }
      if (this.#fragmentLeft === 0) {
        const detail = "a handshake record is empty";
        throw new HelloError("empty-fragment", detail);
      }
    }
  }

  /** Refuses what is no TLS, by its own name if it is an SSLv2 hello. */
  #refuseForeign(): void {
    const first = this.#header[0]!;
    // A length of two bytes, then type, major and minor version.
    if (first >= SSLV2_LENGTH_BIT) {
      if (this.#header.length < RECORD_HEADER_BYTES) return;
      const version = this.#header[3]! << 8 | this.#header[4]!;
      if (this.#header[2] === SSLV2_CLIENT_HELLO && (version === 2 || version >> 8 === 3)) {
        throw new HelloError("sslv2", "the hello is in SSLv2 format");
      }
    }
    throw new HelloError("not-tls", `the first byte is ${first}, not TLS`);
  }

  #readFragment(fragment: Uint8Array): void {
    if (this.#hello !== undefined) return;
    const message = this.#message;
    // Most hellos come in one piece: read those in place, without a copy.
    if (message.received === 0) message.bytes = fragment as Uint8Array<ArrayBuffer>;
    else this.#append(fragment);
    const before = message.received;
    message.received += fragment.length;
    const step = this.#steps.next();
    if (step.done) {
      const { length, ...hello } = step.value;
      this.#hello = { state: "hello", ...hello, length: this.#raw + length - before };
      message.bytes = NO_BYTES;
    } else if (before === 0) {
      message.bytes = new Uint8Array(Math.max(fragment.length, FIRST_BUFFER_BYTES));
      message.bytes.set(fragment);
    }
  }

  #append(fragment: Uint8Array): void {
    const message = this.#message;
    const needed = message.received + fragment.length;
    if (needed > message.bytes.length) {
      // Doubling keeps the copying linear in the bytes received.
      const grown = new Uint8Array(Math.max(needed, message.bytes.length * 2));
      grown.set(message.bytes.subarray(0, message.received));
      message.bytes = grown;
    }
    message.bytes.set(fragment, message.received);
  }
}
