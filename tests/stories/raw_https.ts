import { closeQuietly, writeAll } from "../../lib/net/splice.ts";
import type { Relay } from "./relay.ts";

/** Where raw bytes are sent. */
export interface RawTarget {
  /** Listener of the relay. */
  listener: "hub" | "control" | "pages";
  /** The SNI; an IP address sends none. */
  serverName: string;
  /** @default ["http/1.1"] */
  alpn?: string[];
}

/** Opens TLS to a listener of the relay, whatever name it asks for. */
export async function openTls(relay: Relay, target: RawTarget): Promise<Deno.TlsConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports[target.listener]! });
  conn.setNoDelay(true);
  const tls = await Deno.startTls(conn, {
    hostname: target.serverName,
    caCerts: [relay.ca],
    alpnProtocols: target.alpn ?? ["http/1.1"],
    unsafelyDisableHostnameVerification: true,
  });
  try {
    await tls.handshake();
    return tls;
  } catch (error) {
    closeQuietly(tls);
    throw error;
  }
}

/** Text of one character a byte, as it goes over the wire. */
export function raw(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** An answer of HTTP/1. */
export interface RawAnswer {
  status: number;
  /** Names in lower case. */
  headers: Headers;
  body: string;
}

/**
 * Sends bytes, in pieces if there are many, and returns the answers up to the end of the connection,
 * or up to `count` answers. `head` says that the answers have no body.
 */
export async function exchangeRaw(
  relay: Relay,
  target: RawTarget,
  pieces: string[],
  options: { count?: number; head?: boolean; between?: () => Promise<unknown> } = {},
): Promise<RawAnswer[]> {
  const { count = Infinity, head = false, between } = options;
  const tls = await openTls(relay, target);
  let text = "";
  let answers: RawAnswer[] = [];
  const sending = (async () => {
    for (const [i, piece] of pieces.entries()) {
      if (i > 0) await between?.();
      await writeAll(tls, raw(piece));
    }
  })().catch(() => {});
  const chunk = new Uint8Array(64 * 1024);
  try {
    while (answers.length < count) {
      const n = await tls.read(chunk);
      if (n === null) break;
      text += String.fromCharCode(...chunk.subarray(0, n));
      answers = readAnswers(text, head);
    }
  } catch {
    // What came before a reset counts.
  }
  closeQuietly(tls);
  await sending;
  return answers;
}

/** The complete answers at the beginning of a text. */
export function readAnswers(text: string, head: boolean): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let at = 0;;) {
    const end = text.indexOf("\r\n\r\n", at);
    const [statusLine = "", ...lines] = text.slice(at, end).split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1]);
    if (end === -1 || !status) return answers;
    const headers = new Headers(lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }));
    const bodyless = head || status < 200 || status === 204;
    const length = bodyless ? 0 : Number(headers.get("content-length") ?? 0);
    const from = end + 4;
    if (text.length < from + length) return answers;
    answers.push({ status, headers, body: text.slice(from, from + length) });
    at = from + length;
  }
}
