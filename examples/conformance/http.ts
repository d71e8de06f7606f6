import { writeAll } from "../../lib/net/splice.ts";
import { HOSTNAME } from "./api.ts";

/** An answer as it came. */
export interface Answer {
  status: number;
  head: string;
  body: Uint8Array;
}

/** Sends a request on a visitor's connection. */
export async function ask(
  tls: Deno.TlsConn,
  path: string,
  { body }: { body?: Uint8Array } = {},
): Promise<void> {
  const lines = [
    `${body === undefined ? "GET" : "POST"} ${path} HTTP/1.1`,
    `Host: ${HOSTNAME}`,
    "Connection: close",
    ...body === undefined ? [] : [`Content-Length: ${body.length}`],
  ];
  await writeAll(tls, new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  if (body !== undefined) await writeAll(tls, body);
}

/** Reads an answer that ends with the connection, chunks put together. */
export async function readAnswer(tls: Deno.TlsConn): Promise<Answer> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const bytes = new Uint8Array(64 * 1024);
  for (let n = await tls.read(bytes); n !== null; n = await tls.read(bytes)) {
    chunks.push(bytes.slice(0, n));
  }
  return parse(new Uint8Array(await new Blob(chunks).arrayBuffer()));
}

function parse(bytes: Uint8Array): Answer {
  const text = new TextDecoder("latin1").decode(bytes);
  const end = text.indexOf("\r\n\r\n");
  const head = end < 0 ? text : text.slice(0, end);
  const rest = end < 0 ? new Uint8Array(0) : bytes.subarray(end + 4);
  const body = /^transfer-encoding: chunked\r?$/im.test(head) ? unchunked(rest) : rest;
  return { status: Number(head.split(" ")[1] ?? 0), head, body };
}

function unchunked(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder("latin1").decode(bytes);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.length;) {
    const line = text.indexOf("\r\n", at);
    const size = parseInt(text.slice(at, line), 16);
    if (line < 0 || !(size > 0)) break;
    parts.push(bytes.slice(line + 2, line + 2 + size));
    at = line + 4 + size;
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
