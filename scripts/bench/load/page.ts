/** Visitors of a page by HTTP/1.1, each on a TLS connection of its own; see {@linkcode LoadProcess}. */
import { writeAll } from "../../../lib/net/splice.ts";
import { answerCalls } from "../load_process.ts";

/** Where a page is. */
interface Place {
  port: number;
  hostname: string;
  path: string;
  /** PEM of the authority. */
  ca: string;
}

/** Times from the beginning of a visit, milliseconds. */
interface Visit {
  /** The TLS handshake is over. */
  handshake: number;
  /** The first byte of the answer is there. */
  head: number;
  /** The last byte of its body is there. */
  page: number;
}

const scratch = new Uint8Array(1024 * 1024);

/** Visits that stay. */
const held: Deno.TlsConn[] = [];

/** Loads a page as browsers do: no delay, and the request right behind the handshake. */
async function visit(place: Place): Promise<Visit> {
  const { tls, ...times } = await load(place);
  tls.close();
  return times;
}

async function load({ port, hostname, path, ca }: Place): Promise<Visit & { tls: Deno.TlsConn }> {
  const began = performance.now();
  const since = (): number => performance.now() - began;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const tls = await Deno.startTls(conn, {
    hostname,
    caCerts: [ca],
    alpnProtocols: ["http/1.1"],
  });
  await tls.handshake();
  const handshake = since();
  const request = `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
  await writeAll(tls, new TextEncoder().encode(request));
  let text = "";
  let end = -1;
  let head = 0;
  let length = 0;
  while (end === -1) {
    const n = await read(tls);
    head ||= since();
    text += new TextDecoder("latin1").decode(scratch.subarray(0, n));
    length += n;
    end = text.indexOf("\r\n\r\n");
  }
  const declared = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1];
  if (!text.startsWith("HTTP/1.1 200 ") || declared === undefined) {
    throw new Error(`Cannot use answer: ${text.slice(0, end)}`);
  }
  for (let left = end + 4 + Number(declared) - length; left > 0;) left -= await read(tls);
  return { handshake, head, page: since(), tls };
}

async function read(conn: Deno.Conn): Promise<number> {
  const n = await conn.read(scratch);
  if (n === null) throw new Error("ended within the answer");
  return n;
}

await answerCalls({
  /** Visits one after another. */
  async visits({ count, ...place }: Place & { count: number }) {
    const visits: Visit[] = [];
    while (visits.length < count) visits.push(await visit(place));
    return { visits };
  },
  /** So many visitors, who stay after their page. */
  async hold({ count, ...place }: Place & { count: number }) {
    for (let i = 0; i < count; i++) held.push((await load(place)).tls);
    return {};
  },
  /** They leave. */
  release() {
    for (const tls of held.splice(0)) tls.close();
    return Promise.resolve({});
  },
});
