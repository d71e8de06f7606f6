import { Buffer } from "node:buffer";

/** TLS_AES_128_GCM_SHA256, which every implementation has (RFC 9846 section 9.1). */
export const CIPHER_SUITE = 0x1301;

/** ecdsa_secp256r1_sha256 (RFC 9846 section 4.3.3): the key is on that curve. */
export const SIGNATURE_SCHEME = 0x0403;

/** TLS 1.3, as a version that is offered and chosen (RFC 9846 section 4.3.1). */
export const TLS_1_3 = 0x0304;

/** Extensions (RFC 9846 section 4.3). */
export const EXTENSION = {
  signatureAlgorithms: 13,
  alpn: 16,
  supportedVersions: 43,
  keyShare: 51,
} as const;

/** Groups of a key share (RFC 9846 section 4.3.7), and what the runtime has for them. */
export const GROUPS: Readonly<Record<number, { name: string; namedCurve?: string }>> = {
  0x001d: { name: "X25519" },
  0x0017: { name: "ECDH", namedCurve: "P-256" },
};

/** A client's half of a key agreement. */
export interface Share {
  group: number;
  key: Buffer;
}

/** What a proof needs of an authority's ClientHello. */
export interface ProofHello {
  /** The message, without the records that it came in. */
  message: Buffer;
  sessionId: Buffer;
  share: Share;
}

/**
 * Reads a ClientHello that offers all that a proof is made with.
 *
 * @param records a whole ClientHello in its records, whose form has been looked at before.
 * @throws {Error} if anything that is needed is not offered, or cannot be read.
 */
export function readProofHello(records: Uint8Array): ProofHello {
  const message = messageIn(Buffer.from(records));
  const fields = new Fields(message.subarray(4 + 2 + 32));
  const sessionId = fields.vector(1);
  need(fields.vector(2), CIPHER_SUITE, "TLS_AES_128_GCM_SHA256");
  fields.vector(1);
  const extensions = extensionsOf(fields.isAtEnd ? Buffer.alloc(0) : fields.vector(2));
  const list = (type: number, lengthBytes: number) =>
    new Fields(extensions.get(type) ?? Buffer.alloc(lengthBytes)).vector(lengthBytes);
  need(list(EXTENSION.supportedVersions, 1), TLS_1_3, "TLS 1.3");
  need(list(EXTENSION.signatureAlgorithms, 2), SIGNATURE_SCHEME, "ecdsa_secp256r1_sha256");
  return { message, sessionId, share: chooseShare(list(EXTENSION.keyShare, 2)) };
}

function messageIn(bytes: Buffer): Buffer {
  const fragments: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) {
    fragments.push(bytes.subarray(at + 5, at + 5 + bytes.readUInt16BE(at + 3)));
  }
  const messages = Buffer.concat(fragments);
  return messages.subarray(0, 4 + messages.readUIntBE(1, 3));
}

function extensionsOf(bytes: Buffer): Map<number, Buffer> {
  const fields = new Fields(bytes);
  const extensions = new Map<number, Buffer>();
  while (!fields.isAtEnd) extensions.set(fields.take(2).readUInt16BE(), fields.vector(2));
  return extensions;
}

/** Checks that one of a list of two-byte values is this one. */
function need(list: Buffer, value: number, what: string): void {
  for (let at = 0; at + 2 <= list.length; at += 2) if (list.readUInt16BE(at) === value) return;
  throw new Error(`Cannot prove a domain: the authority does not offer ${what}`);
}

/** The first one of a group that the runtime has; no second try is asked for. */
function chooseShare(list: Buffer): Share {
  const fields = new Fields(list);
  while (!fields.isAtEnd) {
    const group = fields.take(2).readUInt16BE();
    const key = fields.vector(2);
    if (group in GROUPS) return { group, key };
  }
  throw new Error("Cannot prove a domain: the authority has no key share of X25519 or P-256");
}

/** Takes what stands one after another off bytes. */
class Fields {
  #rest: Buffer;

  constructor(bytes: Buffer) {
    this.#rest = bytes;
  }

  get isAtEnd(): boolean {
    return this.#rest.length === 0;
  }

  /** @throws {Error} where fewer are left. */
  take(count: number): Buffer {
    if (count > this.#rest.length) {
      throw new Error("Cannot prove a domain: a part of the authority's ClientHello is cut short");
    }
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }

  /** Bytes with their length before them. */
  vector(lengthBytes: number): Buffer {
    return this.take(this.take(lengthBytes).readUIntBE(0, lengthBytes));
  }
}
