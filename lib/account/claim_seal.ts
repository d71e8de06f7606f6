import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { newCode, type Random } from "../wire/random_secret.ts";

/** First byte of what is sealed: which layout follows. */
const LAYOUT = 1;

/** Random bits that make every claim another one, and a secret: 128. */
const NONCE_BYTES = 16;

/** Length of HMAC-SHA-256. */
const MAC_BYTES = 32;

/** Length of the time at which a claim expires, milliseconds since the epoch. */
const TIME_BYTES = 6;

/** Where the username begins, which goes on to the MAC. */
const NAME_AT = 1 + TIME_BYTES + NONCE_BYTES;

/** The longest username there is (RFC 1035 section 2.3.4). */
const MAX_NAME_BYTES = 63;

/** What a claim says. */
export interface SealedClaim {
  username: string;
  /** To be put into the bio: follows from the rest, and nobody else can tell it. */
  code: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** The bytes that the claim is text of: one spelling only, so fit to be counted on. */
  bytes: Uint8Array;
}

/** Makes claims that the relay need not remember, and reads them again. */
export interface ClaimSeal {
  /** Makes a claim as text, base64url. */
  seal(username: string, expiresAt: number): { claim: string; code: string };
  /** What a claim says; undefined for everything that this relay has not made. */
  open(claim: string): SealedClaim | undefined;
}

/**
 * Makes claims that carry what they are about, under a MAC of the relay's.
 *
 * So a claim needs no place in a table before its profile was read: strangers can make as many as they
 * like without keeping anybody else from it.
 *
 * @param key 32 random bytes that nobody else has.
 */
export function createClaimSeal(key: Uint8Array, random: Random): ClaimSeal {
  const mac = (purpose: string, bytes: Uint8Array): Uint8Array =>
    createHmac("sha256", key).update(purpose).update(bytes).digest();

  /** Random bytes that follow from the claim; more of them as often as they are asked for. */
  function codeOf(bytes: Uint8Array): string {
    let round = 0;
    return newCode((into) => {
      into.set(mac(`code ${round++} `, bytes).subarray(0, into.length));
    });
  }

  return {
    seal(username, expiresAt) {
      const name = new TextEncoder().encode(username);
      const bytes = Buffer.alloc(NAME_AT + name.length + MAC_BYTES);
      bytes[0] = LAYOUT;
      bytes.writeUIntBE(expiresAt, 1, TIME_BYTES);
      const nonce = new Uint8Array(NONCE_BYTES);
      random(nonce);
      bytes.set(nonce, 1 + TIME_BYTES);
      bytes.set(name, NAME_AT);
      const said = bytes.subarray(0, NAME_AT + name.length);
      bytes.set(mac("claim ", said), said.length);
      return { claim: bytes.toString("base64url"), code: codeOf(said) };
    },
    open(claim) {
      const bytes = Buffer.from(claim, "base64url");
      const length = bytes.length - MAC_BYTES - NAME_AT;
      // Node reads many spellings of the same bytes.
      if (length < 1 || length > MAX_NAME_BYTES || bytes.toString("base64url") !== claim) return;
      const said = bytes.subarray(0, NAME_AT + length);
      if (!timingSafeEqual(mac("claim ", said), bytes.subarray(said.length))) return;
      if (said[0] !== LAYOUT) return;
      return {
        username: said.toString("utf8", NAME_AT),
        code: codeOf(said),
        expiresAt: said.readUIntBE(1, TIME_BYTES),
        bytes,
      };
    },
  };
}
