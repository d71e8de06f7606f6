import { latin1 } from "./latin1.ts";
import { readServerName } from "./server_name.ts";

/** `msg_type` of a ClientHello (RFC 9846 section 4). */
const CLIENT_HELLO = 1;

/** Bytes of a handshake message before its body: type and 24-bit length. */
const HEADER_BYTES = 4;

/** Smallest body: version, random, empty session id, one cipher suite, one compression method. */
const MIN_BODY_BYTES = 2 + 32 + 1 + 2 + 2 + 1 + 1;

const MAX_SESSION_ID_BYTES = 32;

/** Extension types that are looked into (IANA TLS ExtensionType Values). */
const EXTENSION = { serverName: 0, alpn: 16, encryptedClientHello: 0xfe0d } as const;

const LOOKED_INTO: ReadonlySet<number> = new Set(Object.values(EXTENSION));

/** Why a hello is refused: few and stable, fit for a metric label. */
export type RejectReason =
  | "not-tls"
  | "sslv2"
  | "unexpected-record"
  | "record-overflow"
  | "empty-fragment"
  | "unexpected-message"
  | "too-large"
  | "malformed"
  | "duplicate-extension"
  | "bad-server-name";

/** Thrown inside the reader where the bytes prove that this is no ClientHello to pass on. */
export class HelloError extends Error {
  /** Always `HelloError`. */
  override name = "HelloError";

  /** An error with what is wrong in a word, and in a sentence for people. */
  constructor(readonly reason: RejectReason, message: string) {
    super(message);
  }
}

/** What a relay needs of a ClientHello. */
export interface HelloMessage {
  /** Host name asked for: lower case, no trailing dot; absent also for an IP literal. */
  serverName?: string;
  /** Protocols offered by ALPN (RFC 7301), in order, one character a byte; empty without ALPN. */
  alpn: string[];
  /** Whether ECH (RFC 9849) is offered, GREASE included; `serverName` is then the outer name. */
  ech: boolean;
}

/** Bytes of one handshake message, as far as they have come. */
export interface MessageBytes {
  /** The bytes, from the message's header on; only `received` of them count. */
  bytes: Uint8Array;
  /** How many bytes have come; grows between the steps of {@linkcode helloSteps}. */
  received: number;
}

/**
 * Reads a ClientHello message (RFC 9846 section 4.2.2) step by step.
 *
 * Yields whenever the next field has not come yet, and goes on from there: no field is read twice
 * however often it is resumed. Vectors are checked against the message as soon as their length is
 * there. What comes behind the message is not looked at.
 *
 * @throws {HelloError} once the bytes prove that this is not a well-formed ClientHello.
 */
export function* helloSteps(
  input: MessageBytes,
  maxBytes: number,
): Generator<undefined, HelloMessage & { length: number }, undefined> {
  const u8 = (at: number): number => input.bytes[at]!;
  const u16 = (at: number): number => u8(at) << 8 | u8(at + 1);

  while (input.received < 1) yield;
  if (u8(0) !== CLIENT_HELLO) {
    const detail = `the first handshake message has type ${u8(0)}, not client_hello`;
    throw new HelloError("unexpected-message", detail);
  }
  while (input.received < HEADER_BYTES) yield;
  const bodyLength = u8(1) << 16 | u16(2);
  const end = HEADER_BYTES + bodyLength;
  if (end > maxBytes) {
    throw new HelloError("too-large", `the ClientHello declares ${bodyLength} bytes`);
  }
  if (bodyLength < MIN_BODY_BYTES) throw malformed(`a body of ${bodyLength} bytes`);

  /** Fails when the message is too short for `bytes` more from `at`. */
  const fits = (at: number, bytes: number, what: string): void => {
    if (at + bytes > end) throw malformed(`${what} that runs past its end`);
  };

  let at = HEADER_BYTES + 2 + 32;
  while (input.received < at + 1) yield;
  const sessionId = u8(at);
  if (sessionId > MAX_SESSION_ID_BYTES) throw malformed(`a session id of ${sessionId} bytes`);
  at += 1 + sessionId;
  fits(at, 2, "a session id");

  while (input.received < at + 2) yield;
  const suites = u16(at);
  if (suites < 2 || suites % 2 !== 0) throw malformed(`${suites} bytes of cipher suites`);
  at += 2 + suites;
  fits(at, 1, "a list of cipher suites");

  while (input.received < at + 1) yield;
  if (u8(at) === 0) throw malformed("no compression method");
  at += 1 + u8(at);
  fits(at, 0, "a list of compression methods");

  const hello: HelloMessage & { length: number } = { alpn: [], ech: false, length: end };
  if (at === end) {
    // Before TLS 1.3 the extension block may be absent as a whole.
    while (input.received < end) yield;
    return hello;
  }
  fits(at, 2, "an extension block");
  while (input.received < at + 2) yield;
  if (at + 2 + u16(at) !== end) throw malformed("an extension block that does not fill it");
  at += 2;

  const seen = new Set<number>();
  while (at < end) {
    fits(at, 4, "an extension header");
    while (input.received < at + 4) yield;
    const type = u16(at);
    if (seen.has(type)) {
      throw new HelloError("duplicate-extension", `extension ${type} stands twice`);
    }
    seen.add(type);
    const from = at + 4;
    at = from + u16(at + 2);
    fits(at, 0, `an extension of type ${type}`);
    while (input.received < at) yield;
    if (LOOKED_INTO.has(type)) readExtension(hello, type, input.bytes.subarray(from, at));
  }
  return hello;
}

function readExtension(hello: HelloMessage, type: number, body: Uint8Array): void {
  if (type === EXTENSION.serverName) {
    const found = readServerName(body);
    if (!found.ok) throw new HelloError("bad-server-name", found.detail);
    if (found.name !== undefined) hello.serverName = found.name;
  } else if (type === EXTENSION.alpn) {
    hello.alpn = readAlpn(body);
  } else if (type === EXTENSION.encryptedClientHello) {
    hello.ech = true;
  }
}

/** Reads the body of an ALPN extension (RFC 7301 section 3.1): non-empty names, at least one. */
function readAlpn(body: Uint8Array): string[] {
  if (body.length < 4 || (body[0]! << 8 | body[1]!) !== body.length - 2) {
    throw malformed("an ALPN list that does not fill its extension");
  }
  const protocols: string[] = [];
  for (let at = 2; at < body.length;) {
    const end = at + 1 + body[at]!;
    if (end === at + 1) throw malformed("an empty ALPN name");
    if (end > body.length) throw malformed("an ALPN name that runs past its list");
    protocols.push(latin1(body, at + 1, end));
    at = end;
  }
  return protocols;
}

function malformed(what: string): HelloError {
  return new HelloError("malformed", `the ClientHello has ${what}`);
}
