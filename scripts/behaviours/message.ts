import { latin1 } from "../../lib/wire/latin1.ts";
import type { Wire } from "./wire.ts";

/** The end of a head, also of one whose lines end with a bare LF. */
const HEAD_END = /\r?\n\r?\n/;

/** What a message's body was told to end with. */
export type Framing = "length" | "chunked" | "close" | "none" | "both";

/** A request or an answer as it came, text of one byte a character. */
export interface Message {
  /** The request line or status line. */
  first: string;
  /** Names as they were sent, and values without the blanks around them. */
  fields: [name: string, value: string][];
  framing: Framing;
  body: string;
  /** Fields after the last chunk. */
  trailers: [name: string, value: string][];
  /** Whether the body ended as its framing says. */
  whole: boolean;
}

/** An answer with what came before it. */
export interface Answer extends Message {
  /** NaN where it is not HTTP. */
  status: number;
  /** Status lines of 1xx answers before this one, with their fields. */
  interim: Message[];
}

/** Values of a field, in their order. */
export function valuesOf({ fields }: Pick<Message, "fields">, name: string): string[] {
  return fields.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, v]) => v);
}

/** The only value of a field; undefined when there is none, or more than one. */
export function valueOf(message: Pick<Message, "fields">, name: string): string | undefined {
  const values = valuesOf(message, name);
  return values.length === 1 ? values[0] : undefined;
}

/** Reads a request with its body; undefined when the stream ended before its head did. */
export async function readRequest(wire: Wire): Promise<Message | undefined> {
  const request = await readHead(wire);
  if (request === undefined) return undefined;
  // RFC 9112 section 6.3: a request without length or coding has no body.
  if (request.framing === "close") request.framing = "none";
  await readBody(wire, request);
  return request;
}

/** Reads the head of a request and leaves its body; undefined when the stream ended before. */
export async function readRequestHead(wire: Wire): Promise<Message | undefined> {
  return await readHead(wire);
}

/**
 * Reads an answer to a request of this method, and the 1xx ones before it.
 *
 * @returns undefined when the stream ended before a whole head.
 */
export async function readAnswer(wire: Wire, method = "GET"): Promise<Answer | undefined> {
  const interim: Message[] = [];
  while (true) {
    const head = await readHead(wire);
    if (head === undefined) return undefined;
    const status = Number(/^HTTP\/\d\.\d (\d{3})/.exec(head.first)?.[1] ?? NaN);
    if (status >= 100 && status < 200 && status !== 101) {
      interim.push(head);
      continue;
    }
    const answer = { ...head, status, interim };
    // Not HTTP: nothing tells where it ends.
    if (Number.isNaN(status)) return answer;
    if (method === "HEAD" || [101, 204, 304].includes(status)) answer.framing = "none";
    await readBody(wire, answer);
    return answer;
  }
}

async function readHead(wire: Wire): Promise<Message | undefined> {
  const text = await wire.until(HEAD_END);
  if (text === undefined) return undefined;
  const [first = "", ...lines] = text.replace(HEAD_END, "").split(/\r?\n/);
  const fields = lines.map(fieldOf);
  return {
    first,
    fields,
    framing: framingOf(fields),
    body: "",
    trailers: [],
    whole: true,
  };
}

function fieldOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  if (colon < 0) return [line, ""];
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
}

function framingOf(fields: Message["fields"]): Framing {
  const chunked = valuesOf({ fields }, "transfer-encoding").some((v) => /chunked$/i.test(v));
  const length = valuesOf({ fields }, "content-length").length > 0;
  if (chunked && length) return "both";
  if (chunked) return "chunked";
  return length ? "length" : "close";
}

async function readBody(wire: Wire, message: Message): Promise<void> {
  switch (message.framing) {
    case "none":
      return;
    case "close":
      message.body = latin1(await wire.rest());
      return;
    case "length": {
      const length = Number(valuesOf(message, "content-length")[0]);
      const body = await wire.take(length);
      message.body = latin1(body);
      message.whole = body.length === length;
      return;
    }
    case "chunked":
    case "both":
      return await readChunks(wire, message);
  }
}

async function readChunks(wire: Wire, message: Message): Promise<void> {
  message.whole = false;
  while (true) {
    const line = await wire.until(/\r\n/);
    const size = /^([0-9a-f]+)[ \t]*(?:;|\r)/i.exec(line ?? "")?.[1];
    if (size === undefined) return;
    const length = parseInt(size, 16);
    if (length === 0) break;
    const chunk = latin1(await wire.take(length + 2));
    message.body += chunk.slice(0, length);
    if (chunk.slice(length) !== "\r\n") return;
  }
  while (true) {
    const line = await wire.until(/\r\n/);
    if (line === undefined) return;
    if (line === "\r\n") break;
    message.trailers.push(fieldOf(line.slice(0, -2)));
  }
  message.whole = true;
}
