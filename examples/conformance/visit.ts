import { closeQuietly } from "../../lib/net/splice.ts";
import { encodeProxyV2 } from "../../lib/wire/proxy_protocol.ts";
import { HOSTNAME } from "./api.ts";
import type { Waiting } from "./data_port.ts";
import { join, type Joined } from "./join.ts";

/** A message, either way. */
export type Message = { type: string } & Record<string, unknown>;

/** The visitor that checks tell of, unless they say another: from a documentation range. */
export const VISITOR = { address: "203.0.113.9", port: 50_123 };

/** How a visitor comes. */
export interface VisitOptions {
  /** By a parked connection, or by `connect` with what it says besides. @default {"parked"} */
  by?: "parked" | Partial<Message>;
  /** The PROXY header. @default that of {@linkcode VISITOR} */
  header?: Uint8Array;
  dribble?: boolean;
  /** Whose certificates the visitor trusts. @default both */
  trusting?: "second";
}

/** A visitor who has shaken hands with the client. */
export interface Visit extends Disposable {
  tls: Deno.TlsConn;
  joined: Joined;
}

/** Joins a visitor to a data connection, and has them shake hands with the client. */
export async function bringVisitor(
  hub: Deno.TcpListener,
  waiting: Waiting,
  { header, dribble }: VisitOptions,
  caCerts: string[],
): Promise<Visit> {
  const accepting = hub.accept();
  const conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: (hub.addr as Deno.NetAddr).port,
  });
  const joined = await join(await accepting, waiting, {
    header: header ?? encodeProxyV2({
      source: VISITOR,
      destination: { address: "192.0.2.1", port: 443 },
    }),
    dribble,
  });
  const tls = await Deno.startTls(conn, {
    hostname: HOSTNAME,
    caCerts,
    alpnProtocols: ["http/1.1"],
  });
  try {
    await tls.handshake();
  } catch (error) {
    closeQuietly(tls);
    throw error;
  }
  return { tls, joined, [Symbol.dispose]: () => closeQuietly(tls) };
}
