import { Buffer } from "node:buffer";
import { createServer, type Socket } from "node:net";
import packet from "dns-packet";

/** A DNS server for CNAME and TXT records, on TCP at 127.0.0.1. */
export interface Authoritative extends AsyncDisposable {
  port: number;
  /** Values by `TYPE name`; an answer has those of its question. */
  records: Map<string, string[]>;
  /** What of an answer is not as it is to be. */
  fault: "none" | "not authoritative" | "refused" | "other id" | "garbage" | "long" | "silent";
  /** Whether it ends each connection behind its first answer, as RFC 7766 lets it. */
  endsConnections: boolean;
  /** Questions so far. */
  readonly asked: string[];
}

/** Starts one, which says of every name that it is its to say. */
export async function startAuthoritative(): Promise<Authoritative> {
  const server = createServer({ allowHalfOpen: false });
  const sockets = new Set<Socket>();
  const dns: Authoritative = {
    port: 0,
    records: new Map(),
    fault: "none",
    endsConnections: false,
    asked: [],
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };

  function answer(query: Buffer): Buffer {
    const { id, questions: [{ type, name }] } = packet.decode(query);
    dns.asked.push(`${type} ${name}`);
    const values = dns.records.get(`${type} ${name.toLowerCase()}`) ?? [];
    const flags = (dns.fault === "not authoritative" ? 0 : packet.AUTHORITATIVE_ANSWER) |
      (dns.fault === "refused" ? 5 : 0);
    return packet.encode({
      type: "response",
      id: dns.fault === "other id" ? id ^ 1 : id,
      flags,
      questions: [{ type, name }],
      answers: values.map((data) => ({ type, name, ttl: 60, data })),
    });
  }

  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let come = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      come = Buffer.concat([come, chunk]);
      while (come.length >= 2 && come.length >= 2 + come.readUInt16BE(0)) {
        const end = 2 + come.readUInt16BE(0);
        const padding = dns.fault === "long" ? 4096 : 0;
        const reply = Buffer.concat([answer(come.subarray(2, end)), Buffer.alloc(padding)]);
        come = come.subarray(end);
        if (dns.fault === "silent") continue;
        const length = Uint8Array.of(reply.length >> 8, reply.length & 0xff);
        socket.write(length);
        socket.write(dns.fault === "garbage" ? new Uint8Array(reply.length).fill(0xc0) : reply);
        if (dns.endsConnections) socket.end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  dns.port = (server.address() as { port: number }).port;
  return dns;
}
