import { createCipheriv, createHash, createHmac, sign } from "node:crypto";
import { Buffer } from "node:buffer";
import { type Duplex, writeAll } from "../../../lib/net/splice.ts";
import { derOf } from "../../../lib/pki/pem.ts";
import {
  CIPHER_SUITE,
  EXTENSION,
  GROUPS,
  type ProofHello,
  readProofHello,
  type Share,
  SIGNATURE_SCHEME,
  TLS_1_3,
} from "./proof_hello.ts";
import type { KeyAndChain } from "./tls_end.ts";

/*
 * The one handshake that the runtime's TLS cannot do: RFC 8737 section 3 has the certificate's acmeIdentifier
 * be critical, and rustls takes no certificate with a critical extension that it does not know. What an
 * authority needs of TLS 1.3 is a single flight, for a key that is good for nothing else.
 */

/** What a certificate authority asks for who proves a name by TLS-ALPN-01 (RFC 8737 section 6.2). */
export const ACME_PROTOCOL = "acme-tls/1";

/** Handshake messages (RFC 9846 section 4). */
const MESSAGE = {
  serverHello: 2,
  encrypted: 8,
  certificate: 11,
  verify: 15,
  finished: 20,
} as const;

/** Record types (RFC 9846 section 5.1). */
const RECORD = { changeCipherSpec: 20, handshake: 22, applicationData: 23 } as const;

const TLS_1_2 = Buffer.of(3, 3);
const HASH_BYTES = 32;

/**
 * Does the handshake of TLS-ALPN-01 with an authority, and leaves the connection to its end, which is the
 * authority's to bring about.
 *
 * @param hello what came so far: a whole ClientHello in its records.
 * @param identity a P-256 key, and a certificate with acmeIdentifier.
 * @throws {Error} if what is offered is not TLS 1.3 as authorities speak it.
 */
export async function answerProof(
  conn: Duplex,
  hello: Uint8Array,
  identity: KeyAndChain,
): Promise<void> {
  await writeAll(conn, await proofFlight(readProofHello(hello), identity));
  const rest = new Uint8Array(1024);
  while (await conn.read(rest) !== null);
}

/** All that a server sends in its handshake (RFC 9846 section 2), in records. */
async function proofFlight(
  { message: clientHello, sessionId, share }: ProofHello,
  { key, chain }: KeyAndChain,
): Promise<Buffer> {
  const { publicKey, secret } = await agree(share);
  const serverHello = message(
    MESSAGE.serverHello,
    ...[TLS_1_2, crypto.getRandomValues(Buffer.alloc(32)), vector(1, sessionId)],
    ...[uint(2, CIPHER_SUITE), Buffer.of(0)],
    vector(
      2,
      extension(EXTENSION.supportedVersions, uint(2, TLS_1_3)),
      extension(EXTENSION.keyShare, uint(2, share.group), vector(2, publicKey)),
    ),
  );
  const keys = handshakeKeys(secret, hash(clientHello, serverHello));
  const sent = [clientHello, serverHello];
  const add = (one: Buffer): number => sent.push(one);
  const protocol = vector(1, Buffer.from(ACME_PROTOCOL));
  add(message(MESSAGE.encrypted, vector(2, extension(EXTENSION.alpn, vector(2, protocol)))));
  const certificate = vector(3, vector(3, Buffer.from(derOf(chain))), uint(2, 0));
  add(message(MESSAGE.certificate, Buffer.of(0), certificate));
  // RFC 9846 section 4.5.2: what is signed cannot be taken for anything else that is.
  const context = `${" ".repeat(64)}TLS 1.3, server CertificateVerify\0`;
  const signed = Buffer.concat([Buffer.from(context), hash(...sent)]);
  const signature = sign("sha256", signed, key);
  add(message(MESSAGE.verify, uint(2, SIGNATURE_SCHEME), vector(2, signature)));
  add(message(MESSAGE.finished, hmac(keys.finished, hash(...sent))));
  return Buffer.concat([
    record(RECORD.handshake, serverHello),
    // For middleboxes (RFC 9846 appendix E.4).
    record(RECORD.changeCipherSpec, Buffer.of(1)),
    sealed(keys, Buffer.concat(sent.slice(2))),
  ]);
}

/** A key pair of our own, and the secret that it shares with theirs. */
async function agree({ group, key }: Share): Promise<{ publicKey: Buffer; secret: Buffer }> {
  const algorithm = GROUPS[group]!;
  const pair = await crypto.subtle.generateKey(algorithm, true, ["deriveBits"]) as CryptoKeyPair;
  const theirs = await crypto.subtle.importKey("raw", new Uint8Array(key), algorithm, false, []);
  const secret = await crypto.subtle.deriveBits(
    { name: algorithm.name, public: theirs },
    pair.privateKey,
    256,
  );
  const publicKey = await crypto.subtle.exportKey("raw", pair.publicKey);
  return { publicKey: Buffer.from(publicKey), secret: Buffer.from(secret) };
}

interface Keys {
  key: Buffer;
  iv: Buffer;
  finished: Buffer;
}

/** What the server's flight is sealed and finished with (RFC 9846 sections 7.1 and 7.3). */
function handshakeKeys(secret: Buffer, transcript: Buffer): Keys {
  const none = Buffer.alloc(HASH_BYTES);
  const derived = expand(hmac(none, none), "derived", hash());
  const traffic = expand(hmac(derived, secret), "s hs traffic", transcript);
  return {
    key: expand(traffic, "key", Buffer.alloc(0), 16),
    iv: expand(traffic, "iv", Buffer.alloc(0), 12),
    finished: expand(traffic, "finished", Buffer.alloc(0)),
  };
}

/** HKDF-Expand-Label, of at most one hash (RFC 9846 section 7.1, RFC 5869 section 2.3). */
function expand(secret: Buffer, label: string, context: Buffer, length = HASH_BYTES): Buffer {
  const name = vector(1, Buffer.from(`tls13 ${label}`));
  const info = Buffer.concat([uint(2, length), name, vector(1, context), Buffer.of(1)]);
  return hmac(secret, info).subarray(0, length);
}

/** The first record of a side, encrypted (RFC 9846 section 5.2). */
function sealed({ key, iv }: Keys, messages: Buffer): Buffer {
  const inner = Buffer.concat([messages, Buffer.of(RECORD.handshake)]);
  const tagBytes = 16;
  const head = Buffer.concat([
    ...[Buffer.of(RECORD.applicationData), TLS_1_2, uint(2, inner.length + tagBytes)],
  ]);
  // The sequence number, which the nonce is made with, is 0.
  const cipher = createCipheriv("aes-128-gcm", key, iv).setAAD(head);
  return Buffer.concat([head, cipher.update(inner), cipher.final(), cipher.getAuthTag()]);
}

function record(type: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type), TLS_1_2, vector(2, content)]);
}

function message(type: number, ...body: Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(type), vector(3, ...body)]);
}

function extension(type: number, ...body: Uint8Array[]): Buffer {
  return Buffer.concat([uint(2, type), vector(2, ...body)]);
}

/** Bytes with their length before them. */
function vector(lengthBytes: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([uint(lengthBytes, content.length), content]);
}

function uint(bytes: number, value: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

function hash(...parts: Uint8Array[]): Buffer {
  return createHash("sha256").update(Buffer.concat(parts)).digest();
}

function hmac(key: Buffer, data: Uint8Array): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
