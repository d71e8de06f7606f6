import { latin1 } from "../../../lib/wire/latin1.ts";
import type { Field } from "../http/fields.ts";
import { MAX_FIELDS } from "../http/head.ts";
import { ConnectionError, ERROR } from "./frames.ts";
import { decodeHuffman } from "./huffman.ts";
import { STATIC_TABLE } from "./static_table.ts";

/** Size of the table that the peer may fill, bytes (RFC 9113 section 6.5.2). */
const TABLE_BYTES = 4096;

/** What a field counts besides its name and value (RFC 7541 section 4.1). */
const FIELD_OVERHEAD = 32;

/** Lists that are so many times too large are an attack, not a mistake. */
const FAR_TOO_LARGE = 16;

/** What a header block says. */
export interface HeaderList {
  /** Names and values in their order; what is beyond the limit is left out. */
  fields: Field[];
  /** Whether it was larger than the limit. */
  tooLarge: boolean;
}

/** Reads header blocks of one connection, each of which may build on those before (RFC 7541). */
export class HpackDecoder {
  readonly #maxBytes: number;
  /** The newest first. */
  readonly #table: Field[] = [];
  #tableBytes = 0;
  #tableLimit = TABLE_BYTES;
  #block: Uint8Array = new Uint8Array();
  #at = 0;

  /** @param maxBytes most bytes of names and values of a block. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Reads a block.
   *
   * @throws {ConnectionError} if it is malformed: the two sides do not know the same table any more.
   */
  decode(block: Uint8Array): HeaderList {
    this.#block = block;
    this.#at = 0;
    const fields: Field[] = [];
    let bytes = 0;
    let tooLarge = false;
    while (this.#at < block.length) {
      const field = this.#next(fields.length === 0 && bytes === 0);
      if (field === undefined) continue;
      bytes += field[0].length + field[1].length;
      if (bytes > this.#maxBytes * FAR_TOO_LARGE) {
        throw new ConnectionError(ERROR.enhanceYourCalm, "a header list is far too large");
      }
      // A byte may be a whole field here: their number costs as well.
      if (bytes > this.#maxBytes || fields.length === MAX_FIELDS) tooLarge = true;
      else fields.push(field);
    }
    return { fields, tooLarge };
  }

  /** The next field; undefined for what only sets the size of the table. */
  #next(isFirst: boolean): Field | undefined {
    const byte = this.#block[this.#at]!;
    if (byte & 0x80) return this.#lookUp(this.#integer(7));
    if (byte & 0x40) {
      const field = this.#literal(6);
      this.#add(field);
      return field;
    }
    if ((byte & 0x20) === 0) return this.#literal(4);
    const size = this.#integer(5);
    if (!isFirst || size > TABLE_BYTES) throw malformed("the table's size is set wrongly");
    this.#tableLimit = size;
    this.#evict(0);
  }

  #literal(prefix: number): Field {
    const index = this.#integer(prefix);
    const name = index === 0 ? this.#string() : this.#lookUp(index)[0];
    return [name, this.#string()];
  }

  #lookUp(index: number): Field {
    const field = STATIC_TABLE[index - 1] ?? this.#table[index - 1 - STATIC_TABLE.length];
    if (index === 0 || field === undefined) throw malformed("there is no such field");
    return field;
  }

  #add(field: Field): void {
    const bytes = sizeOf(field);
    this.#evict(bytes);
    // One that is larger than the table empties it, and is not kept (section 4.4).
    if (bytes > this.#tableLimit) return;
    this.#table.unshift(field);
    this.#tableBytes += bytes;
  }

  #evict(room: number): void {
    while (this.#table.length > 0 && this.#tableBytes + room > this.#tableLimit) {
      this.#tableBytes -= sizeOf(this.#table.pop()!);
    }
  }

  /** RFC 7541 section 5.1. */
  #integer(prefix: number): number {
    const full = (1 << prefix) - 1;
    let value = this.#byte() & full;
    if (value < full) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw malformed("a number is too large");
  }

  #string(): string {
    const isHuffman = (this.#block[this.#at]! & 0x80) !== 0;
    const length = this.#integer(7);
    const bytes = this.#block.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw malformed("it ends within a string");
    this.#at += length;
    if (!isHuffman) return latin1(bytes);
    const text = decodeHuffman(bytes, this.#maxBytes * FAR_TOO_LARGE);
    if (text === undefined) throw malformed("a string is not in Huffman code");
    return text;
  }

  #byte(): number {
    const byte = this.#block[this.#at++];
    if (byte === undefined) throw malformed("it ends too soon");
    return byte;
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + FIELD_OVERHEAD;
}

function malformed(why: string): ConnectionError {
  return new ConnectionError(ERROR.compression, `a header block is malformed: ${why}`);
}
