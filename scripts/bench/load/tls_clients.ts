/** Idle WebSockets over TLS; see {@linkcode LoadProcess}. */
import { writeAll } from "../../../lib/net/splice.ts";
import { SUBPROTOCOL } from "../../../lib/wire/messages.ts";
import { answerCalls } from "../load_process.ts";

/** Where a server is, and whom it is asked for. */
interface Place {
  port: number;
  hostname: string;
  /** PEM of the authority that its certificate is of. */
  ca: string;
}

const conns: Deno.TlsConn[] = [];

function opening(hostname: string): Uint8Array {
  return new TextEncoder().encode(
    `GET / HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${"A".repeat(22)}==\r\n` +
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`,
  );
}

async function connect({ port, hostname, ca }: Place): Promise<Deno.TlsConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  return await Deno.startTls(conn, { hostname, caCerts: [ca], alpnProtocols: ["http/1.1"] });
}

await answerCalls({
  /** Opens so many more, some at once, and tells when each had its answer, in milliseconds. */
  async open({ count, atOnce, ...place }: Place & { count: number; atOnce: number }) {
    const request = opening(place.hostname);
    const times: number[] = [];
    let left = count;
    await Promise.all(Array.from({ length: atOnce }, async () => {
      const answer = new Uint8Array(1024);
      while (left-- > 0) {
        const began = performance.now();
        const conn = await connect(place);
        await writeAll(conn, request);
        if (await conn.read(answer) === null) throw new Error("ended without an answer");
        times.push(performance.now() - began);
        conns.push(conn);
      }
    }));
    return { times };
  },
});
