/** Both ends of TLS connections with a small page; see {@linkcode LoadProcess}. */
import { Buffer } from "node:buffer";
import net from "node:net";
import tls from "node:tls";
import { dataPreface } from "../../../lib/wire/messages.ts";
import { writeAll } from "../../../lib/net/splice.ts";
import { answerCalls } from "../load_process.ts";
import { type DataPlace, goOnline, type Membership } from "./glosson.ts";
import { PROXY_HEADER_BYTES } from "./script.ts";

const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: bench\r\n\r\n");
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Serves one connection whose next byte is the hello's first. */
function serve(socket: net.Socket, secureContext: tls.SecureContext): void {
  const secure = new tls.TLSSocket(socket, { isServer: true, secureContext });
  secure.once("data", () => secure.write(ANSWER));
  secure.on("error", () => socket.destroy());
  secure.on("end", () => secure.end());
}

function join(
  ticket: string,
  { dataHost, dataPort }: DataPlace,
  context: tls.SecureContext,
): void {
  const socket = net.connect(dataPort, dataHost, () => socket.write(dataPreface(ticket)));
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  let early = Buffer.alloc(0);
  socket.on("data", function more(chunk) {
    early = Buffer.concat([early, chunk as Uint8Array]);
    if (early.length <= PROXY_HEADER_BYTES) return;
    socket.off("data", more);
    socket.pause();
    socket.unshift(early.subarray(PROXY_HEADER_BYTES));
    serve(socket, context);
  });
}

/** A certificate chain and its key, PEM. */
interface Pair {
  cert: string;
  key: string;
}

await answerCalls({
  /** Serves connections that a relay makes. */
  async listen({ host = "127.0.0.1", ...pair }: Pair & { host?: string }) {
    const context = tls.createSecureContext(pair);
    const server = net.createServer({ noDelay: true }, (socket) => serve(socket, context));
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return { port: (server.address() as net.AddressInfo).port };
  },
  /** Serves connections as a client of glossond. */
  async online({ membership, ...pair }: Pair & { membership: Membership }) {
    const context = tls.createSecureContext(pair);
    await goOnline(membership, (ticket, place) => join(ticket, place, context));
  },
  /** Visits one after another and tells when each had its first byte, in milliseconds. */
  async sequence(
    { host = "127.0.0.1", port, hostname, count, ca, pauseMs }: {
      host?: string;
      port: number;
      hostname: string;
      count: number;
      ca: string;
      pauseMs: number;
    },
  ) {
    const times: number[] = [];
    const answer = new Uint8Array(1024);
    for (let i = 0; i < count; i++) {
      const began = performance.now();
      const conn = await Deno.connect({ hostname: host, port });
      conn.setNoDelay(true);
      using secure = await Deno.startTls(conn, { hostname, caCerts: [ca] });
      await writeAll(secure, REQUEST);
      if (await secure.read(answer) === null) throw new Error("ended without an answer");
      times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return { times };
  },
});
