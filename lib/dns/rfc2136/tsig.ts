import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import packet from "dns-packet";
import { CLASS, type DnsAnswer, type InRecord } from "./message.ts";

/** Type of the record that a message is signed by. */
const TSIG = 250;

/** How far the two clocks may be apart (RFC 8945 section 10), in seconds. */
const FUDGE_S = 300;

/** How many messages of a transfer may follow each other without a signature (section 5.3.1). */
const MAX_UNSIGNED = 99;

/** Where a message's number of additional records stands. */
const ARCOUNT_AT = 10;

/** Errors that a TSIG record tells (section 3). */
const ERRORS: Readonly<Record<number, TsigFault>> = { 16: "BADSIG", 17: "BADKEY", 18: "BADTIME" };

/** Algorithms by their names (section 6). */
export type TsigAlgorithm = "hmac-sha256" | "hmac-sha384" | "hmac-sha512";

/** A secret that is shared with a server. */
export interface TsigKey {
  /** Lower case, no trailing dot; the server knows it by this. */
  name: string;
  algorithm: TsigAlgorithm;
  /** Base64. */
  secret: string;
}

/**
 * What is wrong: the server refuses the request's signature, the answer has none, or one that was not
 * made with the key.
 */
export type TsigFault = "BADSIG" | "BADKEY" | "BADTIME" | "unsigned" | "forged";

/** A message that cannot be relied on, or that the server does not rely on. */
export class TsigError extends Error {
  override name = "TsigError";
  readonly fault: TsigFault;
  /** With `BADTIME`, the server's time in seconds since the epoch. */
  readonly serverTimeS: number | undefined;

  constructor(fault: TsigFault, serverTimeS?: number) {
    super(fault);
    this.fault = fault;
    this.serverTimeS = serverTimeS;
  }
}

/** Checks the answers to one request, in the order of their arrival (RFC 8945 section 5.3). */
export interface TsigVerifier {
  /**
   * @throws {TsigError} when the answer was not signed with the key, or refuses the request's signature.
   * @throws {Error} when its TSIG record cannot be read.
   */
  take(answer: DnsAnswer): void;
  /** Ends a transfer. @throws {TsigError} when its last message was not signed. */
  end(): void;
}

/**
 * Signs a request (RFC 8945 section 5.1).
 *
 * @param now clock in milliseconds since the epoch.
 */
export function signRequest(
  message: Buffer,
  key: TsigKey,
  now: () => number,
): { signed: Buffer; verifier: TsigVerifier } {
  const timers = encodeTimers(Math.floor(now() / 1000), FUDGE_S);
  const mac = digest(key, [message, variables(key, timers)]);
  const rdata = Buffer.concat([
    packet.name.encode(key.algorithm),
    timers,
    uint16(mac.length),
    mac,
    message.subarray(0, 2), // the original id
    uint16(0), // no error
    uint16(0), // nothing else
  ]);
  const record = Buffer.concat([
    packet.name.encode(key.name),
    uint16(TSIG),
    uint16(CLASS.ANY),
    Buffer.alloc(4),
    uint16(rdata.length),
    rdata,
  ]);
  const signed = Buffer.concat([message, record]);
  signed.writeUInt16BE(message.readUInt16BE(ARCOUNT_AT) + 1, ARCOUNT_AT);
  return { signed, verifier: createVerifier(key, mac, now) };
}

function createVerifier(key: TsigKey, requestMac: Buffer, now: () => number): TsigVerifier {
  let mac = requestMac;
  let first = true;
  /** Messages since the last signature, which the next one covers too. */
  let unsigned: Buffer[] = [];

  function take({ bytes, additionals }: DnsAnswer): void {
    const record = additionals.find(({ type }) => type === TSIG);
    if (record === undefined) {
      if (first || unsigned.length >= MAX_UNSIGNED) throw new TsigError("unsigned");
      unsigned.push(bytes);
      return;
    }
    if (record !== additionals.at(-1)) throw new TypeError("its TSIG record is not the last");
    const tsig = readTsig(bytes, record);
    const fault = ERRORS[tsig.error];
    // A server that cannot check a signature makes none.
    if (fault === "BADSIG" || fault === "BADKEY") throw new TsigError(fault);
    if (tsig.name !== key.name || tsig.algorithm !== key.algorithm) throw new TsigError("forged");
    const expected = digest(key, [
      uint16(mac.length),
      mac,
      ...unsigned,
      withoutTsig(bytes, record, tsig.originalId),
      first ? variables(key, tsig.timers, tsig.error, tsig.other) : tsig.timers,
    ]);
    if (tsig.mac.length !== expected.length || !timingSafeEqual(tsig.mac, expected)) {
      throw new TsigError("forged");
    }
    if (fault === "BADTIME") {
      throw new TsigError(fault, tsig.other.length === 6 ? tsig.other.readUIntBE(0, 6) : undefined);
    }
    const signedAtS = tsig.timers.readUIntBE(0, 6);
    if (Math.abs(now() / 1000 - signedAtS) > FUDGE_S) throw new TsigError("BADTIME", signedAtS);
    mac = tsig.mac;
    first = false;
    unsigned = [];
  }

  return {
    take,
    end(): void {
      if (unsigned.length > 0) throw new TsigError("unsigned");
    },
  };
}

interface Tsig {
  name: string;
  algorithm: string;
  /** Time signed and fudge, as they are signed. */
  timers: Buffer;
  mac: Buffer;
  originalId: number;
  error: number;
  other: Buffer;
}

/** Reads RDATA of a TSIG record (RFC 8945 section 4.2). */
function readTsig(bytes: Buffer, { name, rdataStart, rdataEnd }: InRecord): Tsig {
  const rdata = bytes.subarray(0, rdataEnd);
  const algorithm: string = packet.name.decode(rdata, rdataStart);
  let at = rdataStart + packet.name.decode.bytes;
  const timers = rdata.subarray(at, at += 8);
  const macLength = rdata.readUInt16BE(at);
  const mac = rdata.subarray(at += 2, at += macLength);
  const [originalId, error] = [rdata.readUInt16BE(at), rdata.readUInt16BE(at + 2)];
  const other = rdata.subarray(at + 6, at + 6 + rdata.readUInt16BE(at + 4));
  return { name, algorithm: algorithm.toLowerCase(), timers, mac, originalId, error, other };
}

/** The message as it was before it was signed (RFC 8945 section 4.3.2). */
function withoutTsig(bytes: Buffer, { start }: InRecord, originalId: number): Buffer {
  const message = Buffer.from(bytes.subarray(0, start));
  message.writeUInt16BE(originalId, 0);
  message.writeUInt16BE(bytes.readUInt16BE(ARCOUNT_AT) - 1, ARCOUNT_AT);
  return message;
}

/** What of a TSIG record is signed (RFC 8945 section 4.3.3). */
function variables(
  { name, algorithm }: TsigKey,
  timers: Buffer,
  error = 0,
  other: Buffer = Buffer.alloc(0),
): Buffer {
  return Buffer.concat([
    packet.name.encode(name),
    uint16(CLASS.ANY),
    Buffer.alloc(4), // TTL
    packet.name.encode(algorithm),
    timers,
    uint16(error),
    uint16(other.length),
    other,
  ]);
}

function encodeTimers(signedAtS: number, fudgeS: number): Buffer {
  const timers = Buffer.alloc(8);
  timers.writeUIntBE(signedAtS, 0, 6);
  timers.writeUInt16BE(fudgeS, 6);
  return timers;
}

function digest({ algorithm, secret }: TsigKey, parts: Buffer[]): Buffer {
  const hmac = createHmac(algorithm.slice("hmac-".length), Buffer.from(secret, "base64"));
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
