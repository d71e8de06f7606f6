import { Beginning, kept } from "../../examples/client/watch/first_bytes.ts";
import { closeQuietly, splice } from "../../lib/net/splice.ts";

/** A port in front of the relay's on which every byte of every connection is kept. */
export interface WireCapture extends Disposable {
  port: number;
  /** The connections so far, all bytes of each. */
  connections: Beginning[];
}

/** Starts one in front of a port of this computer; it ends, with its connections, when it is disposed of. */
export function captureWire(port: number): WireCapture {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Beginning[] = [];
  const open = new Set<Deno.Conn>();
  (async () => {
    for await (const visitor of listener) {
      const relay = await Deno.connect({ hostname: "127.0.0.1", port });
      open.add(visitor).add(relay);
      const captured = new Beginning(Infinity);
      connections.push(captured);
      splice(kept(visitor, captured), relay)
        .finally(() => open.delete(visitor) && open.delete(relay));
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
