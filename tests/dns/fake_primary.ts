import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import packet from "dns-packet";
import { createRfc2136 } from "../../lib/dns/rfc2136.ts";
import type { DnsClientOptions } from "../../lib/dns/rfc2136/client.ts";
import type { DnsProvider } from "../../lib/dns/provider.ts";
import { closeQuietly, writeAll } from "../../lib/net/splice.ts";

/** The key that the primary and its client share. */
export const KEY = {
  name: "glossond",
  algorithm: "hmac-sha256",
  secret: btoa("the secret of both"),
} as const;

/** A record as the library takes it. */
// deno-lint-ignore no-explicit-any
export type PacketRecord = Record<string, any>;

/** What a client asked for. */
export interface Asked {
  id: number;
  opcode: string;
  name: string;
  type: string;
  /** Of an update. */
  prerequisites: PacketRecord[];
  updates: PacketRecord[];
}

/** A message of an answer; what is not told is as it should be. */
export interface Told {
  answers?: PacketRecord[];
  rcode?: number;
  id?: number;
  /** What the answer says that it was asked. */
  question?: { name: string; type: string };
  authoritative?: boolean;
  truncated?: boolean;
  /** Changes the message before it is signed. */
  before?: (message: Buffer) => Buffer;
  /** Changes it afterwards. */
  after?: (message: Buffer) => Buffer;
  /** Leaves the signature away. */
  unsigned?: boolean;
  /** Signs with another secret, for another key, or at another time. */
  secret?: string;
  keyName?: string;
  signedAtS?: number;
  /** What the signature says is wrong, and the time that comes with it. */
  error?: number;
  serverTimeS?: number;
}

/** A primary in the place of a real one. */
export interface FakePrimary extends AsyncDisposable {
  asked: Asked[];
  /** A client of it that tries nothing again. */
  client(options?: Partial<DnsClientOptions>): DnsProvider;
}

/** Starts one that answers as told; `undefined` closes the connection, silence is an empty list. */
export function startFakePrimary(tell: (asked: Asked) => Told[] | undefined): FakePrimary {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked: Asked[] = [];
  const open = new Set<Deno.Conn>();
  const serving = (async () => {
    for await (const conn of listener) {
      open.add(conn);
      serve(conn).catch(() => {}).finally(() => {
        open.delete(conn);
        closeQuietly(conn);
      });
    }
  })().catch(() => {});

  async function serve(conn: Deno.Conn): Promise<void> {
    for (;;) {
      const message = await readMessage(conn);
      if (message === undefined) return;
      const request = readRequest(message);
      asked.push(request);
      const told = tell(request);
      if (told === undefined) return;
      const sign = signer(message);
      for (const each of told) {
        const bytes = Buffer.concat([Buffer.alloc(2), encode(request, each, sign)]);
        bytes.writeUInt16BE(bytes.length - 2);
        await writeAll(conn, bytes);
      }
    }
  }

  return {
    asked,
    client: (options = {}) =>
      createRfc2136({
        server: { host: "127.0.0.1", port: listener.addr.port },
        key: () => KEY,
        retryForMs: 0,
        random: () => 0,
        ...options,
      }),
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      for (const conn of open) conn.close();
      await serving;
    },
  };
}

async function readMessage(conn: Deno.Conn): Promise<Buffer | undefined> {
  let bytes = Buffer.alloc(0);
  const part = new Uint8Array(65_537);
  while (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE()) {
    const count = await conn.read(part);
    if (count === null) return undefined;
    bytes = Buffer.concat([bytes, part.subarray(0, count)]);
  }
  return bytes.subarray(2);
}

function readRequest(message: Buffer): Asked {
  // The library reads RDATA of known types, which deletions and prerequisites do not have.
  const [zone] = [packet.question.decode(message, 12)];
  let at = 12 + packet.question.decode.bytes;
  const read = (): PacketRecord => {
    const name = packet.name.decode(message, at);
    at += packet.name.decode.bytes;
    const [type, klass, ttl] = [
      message.readUInt16BE(at),
      message.readUInt16BE(at + 2),
      message.readUInt32BE(at + 4),
    ];
    const end = at + 10 + message.readUInt16BE(at + 8);
    const rdata = message.subarray(at + 10, end);
    at = end;
    return { name, type, class: klass, ttl, rdata };
  };
  const counts = [6, 8].map((offset) => message.readUInt16BE(offset));
  const [prerequisites = [], updates = []] = counts.map((count) =>
    Array.from({ length: count }, read)
  );
  return {
    id: message.readUInt16BE(0),
    opcode: (message.readUInt16BE(2) >> 11 & 15) === 5 ? "update" : "query",
    name: zone.name,
    type: zone.type,
    prerequisites,
    updates,
  };
}

type Sign = (message: Buffer, told: Told) => Buffer;

function encode(request: Asked, told: Told, sign: Sign): Buffer {
  const { answers = [], rcode = 0, id = request.id, authoritative = true, truncated } = told;
  const { before = (message) => message, after = (message) => message } = told;
  const opcode = request.opcode === "update" ? 5 : 0;
  const message = before(packet.encode({
    id,
    type: "response",
    flags: opcode << 11 | (authoritative ? 0x400 : 0) | (truncated ? 0x200 : 0) | rcode,
    questions: [told.question ?? { name: request.name, type: request.type }],
    answers,
  }));
  return after(sign(message, told));
}

/** Signs the answers to a request one after another (RFC 8945 section 5.3). */
function signer(request: Buffer): Sign {
  let mac = requestMac(request);
  let first = true;
  let unsigned: Buffer[] = [];
  return (message, told) => {
    if (told.unsigned) {
      unsigned.push(message);
      return message;
    }
    const { error = 0, signedAtS = Math.floor(Date.now() / 1000), keyName = KEY.name } = told;
    const other = Buffer.alloc(told.serverTimeS === undefined ? 0 : 6);
    if (told.serverTimeS !== undefined) other.writeUIntBE(told.serverTimeS, 0, 6);
    const timers = Buffer.alloc(8);
    timers.writeUIntBE(signedAtS, 0, 6);
    timers.writeUInt16BE(300, 6);
    const [name, algorithm] = [packet.name.encode(keyName), packet.name.encode(KEY.algorithm)];
    const tail = Buffer.concat([uint16(error), uint16(other.length), other]);
    const hmac = createHmac("sha256", Buffer.from(told.secret ?? KEY.secret, "base64"));
    hmac.update(uint16(mac.length)).update(mac).update(Buffer.concat([...unsigned, message]));
    if (first) hmac.update(name).update(Buffer.from([0, 255, 0, 0, 0, 0])).update(algorithm);
    hmac.update(timers);
    if (first) hmac.update(tail);
    mac = hmac.digest();
    first = false;
    unsigned = [];
    const rdata = Buffer.concat([
      ...[algorithm, timers, uint16(mac.length), mac, message.subarray(0, 2), tail],
    ]);
    const record = Buffer.concat([
      ...[name, uint16(250), uint16(255), Buffer.alloc(4), uint16(rdata.length), rdata],
    ]);
    const signed = Buffer.concat([message, record]);
    signed.writeUInt16BE(signed.readUInt16BE(10) + 1, 10);
    return signed;
  };
}

/** The signature of a request: before the id, error and length of nothing else that end it. */
function requestMac(request: Buffer): Buffer {
  return request.subarray(request.length - 6 - 32, request.length - 6);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
