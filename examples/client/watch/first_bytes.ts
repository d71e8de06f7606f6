import type { Duplex } from "../../../lib/net/splice.ts";

/** Bytes of each direction that are kept: more than a handshake has, whatever the chain. */
const KEPT_BYTES = 16 * 1024;

/** Bytes of a ServerHello up to its random's end (RFC 8446 section 4.1.3); a ClientHello is longer. */
const RANDOM_END = 43;

/** The first bytes of one direction of a connection. */
export class FirstBytes {
  #bytes = new Uint8Array(0);
  #most: number;

  /** @param most how many are kept. @default 16 KiB */
  constructor(most = KEPT_BYTES) {
    this.#most = most;
  }

  /** Those so far. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Keeps a copy of what there is room for. */
  add(piece: Uint8Array): void {
    const more = piece.subarray(0, this.#most - this.#bytes.length);
    if (more.length === 0) return;
    const longer = new Uint8Array(this.#bytes.length + more.length);
    longer.set(this.#bytes);
    longer.set(more, this.#bytes.length);
    this.#bytes = longer;
  }

  /** Keeps none any more. */
  forget(): void {
    this.#most = 0;
    this.#bytes = new Uint8Array(0);
  }
}

/** The first bytes of a connection, as one end has them. */
export class Beginning {
  /** From the visitor: the ClientHello and what follows. */
  readonly fromVisitor: FirstBytes;
  /** To the visitor: the ServerHello and what follows. */
  readonly toVisitor: FirstBytes;

  /** @param most bytes that are kept of each direction. @default 16 KiB */
  constructor(most?: number) {
    this.fromVisitor = new FirstBytes(most);
    this.toVisitor = new FirstBytes(most);
  }

  /** Keeps no more of it. */
  forget(): void {
    this.fromVisitor.forget();
    this.toVisitor.forget();
  }
}

/**
 * The same connection; what is read of it was from a visitor, what is written goes to them.
 *
 * @param onRead called when more of the visitor's was kept.
 */
export function kept(
  conn: Duplex,
  { fromVisitor, toVisitor }: Beginning,
  onRead?: () => void,
): Duplex {
  return {
    async read(p) {
      const n = await conn.read(p);
      if (n === null) return n;
      fromVisitor.add(p.subarray(0, n));
      onRead?.();
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

/** Whether a connection that began so outside may still be one whose visitor's bytes begin so here. */
export function maybeSame(outside: Beginning, here: Beginning): boolean {
  return beginAlike(outside.fromVisitor.bytes, here.fromVisitor.bytes);
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

/** Whether they begin alike, and far enough that nothing else does. */
function agree(a: Uint8Array, b: Uint8Array): boolean {
  return Math.min(a.length, b.length) >= RANDOM_END && beginAlike(a, b);
}

/** Whether they begin alike as far as both go. */
function beginAlike(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length);
  return a.subarray(0, length).toHex() === b.subarray(0, length).toHex();
}
