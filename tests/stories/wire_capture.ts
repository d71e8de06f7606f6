import { closeQuietly, type Duplex, splice } from "../../lib/net/splice.ts";

/** All bytes of one connection, as they went over the wire. */
export interface Captured {
  fromVisitor: Uint8Array;
  fromRelay: Uint8Array;
}

/** A port in front of the relay's on which every byte of every connection is kept. */
export interface WireCapture extends Disposable {
  port: number;
  /** The connections so far. */
  connections: Captured[];
}

/** Starts one in front of a port of this computer; it ends, with its connections, when it is disposed of. */
export function captureWire(port: number): WireCapture {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Captured[] = [];
  const open = new Set<Deno.Conn>();
  (async () => {
    for await (const visitor of listener) {
      const relay = await Deno.connect({ hostname: "127.0.0.1", port });
      open.add(visitor).add(relay);
      const captured = { fromVisitor: new Uint8Array(), fromRelay: new Uint8Array() };
      connections.push(captured);
      splice(
        reading(visitor, (bytes) => captured.fromVisitor = bytes),
        reading(relay, (bytes) => captured.fromRelay = bytes),
      ).finally(() => open.delete(visitor) && open.delete(relay));
    }
  })().catch(() => {});
  return {
    port: listener.addr.port,
    connections,
    [Symbol.dispose]() {
      listener.close();
      for (const conn of open) closeQuietly(conn);
    },
  };
}

/** The types of a stream's TLS records (RFC 8446 section 5.1); throws where they are none. */
export function recordTypes(bytes: Uint8Array): number[] {
  const types: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const [type, major] = bytes.subarray(at);
    if (major !== 3) throw new Error(`No TLS record at byte ${at}`);
    types.push(type!);
    at += 5 + bytes[at + 3]! * 256 + bytes[at + 4]!;
  }
  return types;
}

/** The same connection; tells all that was read of it so far. */
function reading(conn: Duplex, tell: (bytes: Uint8Array<ArrayBuffer>) => void): Duplex {
  let all = new Uint8Array();
  return {
    async read(p) {
      const n = await conn.read(p);
      if (n === null) return n;
      const longer = new Uint8Array(all.length + n);
      longer.set(all);
      longer.set(p.subarray(0, n), all.length);
      all = longer;
      tell(all);
      return n;
    },
    write: (p) => conn.write(p),
    closeWrite: () => conn.closeWrite(),
    close: () => conn.close(),
  };
}
