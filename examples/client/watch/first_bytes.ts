import type { Duplex } from "../../../lib/net/splice.ts";

/** Bytes of each direction that are kept: more than a handshake has, whatever the chain. */
const KEPT_BYTES = 16 * 1024;

/** The first bytes of one direction of a connection. */
export class FirstBytes {
  #bytes = new Uint8Array(0);

  /** Up to 16 KiB. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Keeps a copy of what there is room for. */
  add(piece: Uint8Array): void {
    const more = piece.subarray(0, KEPT_BYTES - this.#bytes.length);
    if (more.length === 0) return;
    const longer = new Uint8Array(this.#bytes.length + more.length);
    longer.set(this.#bytes);
    longer.set(more, this.#bytes.length);
    this.#bytes = longer;
  }
}

/** The first bytes of a connection, as one end has them. */
export interface Beginning {
  /** From the visitor: the ClientHello and what follows. */
  fromVisitor: FirstBytes;
  /** To the visitor: the ServerHello and what follows. */
  toVisitor: FirstBytes;
}

/** A beginning of which nothing is there yet. */
export function beginning(): Beginning {
  return { fromVisitor: new FirstBytes(), toVisitor: new FirstBytes() };
}

/** The same connection; what is read of it was from a visitor, what is written goes to them. */
export function kept(conn: Duplex, { fromVisitor, toVisitor }: Beginning): Duplex {
  return {
    async read(p) {
      const n = await conn.read(p);
      if (n !== null) fromVisitor.add(p.subarray(0, n));
      return n;
    },
    async write(p) {
      const n = await conn.write(p);
      toVisitor.add(p.subarray(0, n));
      return n;
    },
    closeWrite: () => conn.closeWrite(),
    close: () => conn.close(),
  };
}

/**
 * Whether a connection that began so outside is one that began so here, unchanged in both directions.
 *
 * Both ends having the same ClientHello and the same ServerHello, they have the same key shares: nobody in
 * between can know what they agreed on (RFC 8446 section 7.1). That is what comparing exported keying material
 * (RFC 5705) at both ends would show; the runtime exports none.
 */
export function isSame(outside: Beginning, here: Beginning): boolean {
  return agree(outside.fromVisitor.bytes, here.fromVisitor.bytes) &&
    agree(outside.toVisitor.bytes, here.toVisitor.bytes);
}

/** Whether they begin alike as far as both go, and are there. */
function agree(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length);
  // A ServerHello, the shorter of the two, has a random of 32 bytes behind 11 others.
  if (length < 43) return false;
  return a.subarray(0, length).toHex() === b.subarray(0, length).toHex();
}
