import { type Duplex, writeAll } from "../../../lib/net/splice.ts";

/** An answer as it came. */
export interface Exchange {
  status: number;
  headers: Headers;
  body: string;
}

/**
 * Reads answers from one HTTP/1.1 connection, by hand: a test decides what is sent and when the
 * connection ends.
 */
export class HttpExchange {
  readonly #conn: Duplex;
  #text = "";
  #ended = false;

  constructor(conn: Duplex) {
    this.#conn = conn;
  }

  /** Sends a GET and reads its answer. */
  async get(path: string, headers: Record<string, string> = {}): Promise<Exchange> {
    const all = { host: "kaylee.glosson.localhost", ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    await this.send(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    return await this.answer();
  }

  /** Sends anything. */
  async send(text: string): Promise<void> {
    await writeAll(this.#conn, new TextEncoder().encode(text));
  }

  /** Sends characters that are a byte each. */
  async sendBytes(text: string): Promise<void> {
    await writeAll(this.#conn, Uint8Array.from(text, (character) => character.charCodeAt(0)));
  }

  /** Reads one answer; its body has to be told by length, chunks or the end of the connection. */
  async answer(): Promise<Exchange> {
    const head = await this.#upTo("\r\n\r\n");
    const [first = "", ...lines] = head.trimEnd().split("\r\n");
    const headers = new Headers(
      lines.map((line): [string, string] => [
        line.slice(0, line.indexOf(":")),
        line.slice(line.indexOf(":") + 1).trim(),
      ]),
    );
    const status = Number(first.split(" ")[1]);
    return { status, headers, body: await this.#body(headers) };
  }

  /** Reads the head of a request, its empty line included. */
  head(): Promise<string> {
    return this.#upTo("\r\n\r\n");
  }

  /** Reads a request whose body, if any, is told by length. */
  async request(): Promise<{ head: string; body: string }> {
    const head = await this.head();
    const length = /^content-length: (\d+)\r$/im.exec(head)?.[1] ?? "0";
    return { head, body: await this.bytes(Number(length)) };
  }

  /** Waits for the end of the connection, however it comes. */
  async ended(): Promise<void> {
    while (!this.#ended) await this.#more().catch(() => this.#ended = true);
  }

  async #body(headers: Headers): Promise<string> {
    const length = headers.get("content-length");
    if (length !== null) return await this.bytes(Number(length));
    if (headers.get("transfer-encoding") !== "chunked") {
      while (!this.#ended) await this.#more();
      return await this.bytes(this.#text.length);
    }
    let body = "";
    while (true) {
      const size = parseInt(await this.#upTo("\r\n"), 16);
      body += await this.bytes(size);
      await this.bytes(2);
      if (size === 0) return body;
    }
  }

  async #upTo(mark: string): Promise<string> {
    while (!this.#text.includes(mark)) await this.#more();
    return await this.bytes(this.#text.indexOf(mark) + mark.length);
  }

  /** Reads so many bytes, as characters. */
  async bytes(length: number): Promise<string> {
    while (this.#text.length < length) await this.#more();
    const taken = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    return taken;
  }

  async #more(): Promise<void> {
    if (this.#ended) throw new Error("Cannot read answer: the connection ended");
    const buffer = new Uint8Array(64 * 1024);
    const n = await this.#conn.read(buffer);
    if (n === null) this.#ended = true;
    // One character a byte, so that lengths agree.
    else this.#text += String.fromCharCode(...buffer.subarray(0, n));
  }
}
