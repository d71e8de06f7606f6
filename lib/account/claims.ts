import { createHash } from "node:crypto";
import { addressGroup } from "../net/address_group.ts";
import type { BioAnswer } from "./bio_queue.ts";
import {
  codeExpired,
  noSuchClaim,
  refuseBio,
  refuseName,
  reserved,
  suspended,
  tooManyClaims,
  tooManyVerifications,
} from "./claim_refusal.ts";
import { isReservedUsername } from "./reserved_names.ts";
import { createClaimSeal } from "./claim_seal.ts";
import type { Refusal } from "../wire/problems.ts";
import { type Random, systemRandom } from "../wire/random_secret.ts";
import { createSlidingLimit } from "./sliding_limit.ts";
import type { ClaimStore } from "../store/claims.ts";
import type { AccountStore } from "../store/accounts.ts";

const HOUR_MS = 3_600_000;

/** How long a claim past its time answers `claim-expired`; later it is no claim any more. */
const EXPIRED_KNOWN_MS = 24 * HOUR_MS;

/** How many addresses the limit of claims remembers: about 3 MB when all are at the limit. */
const MAX_LIMITED_ADDRESSES = 10_000;

/** A claim that was made: `claim` is a secret of who made it, `code` goes into the public bio. */
export interface ClaimMade {
  ok: true;
  claim: string;
  username: string;
  hostname: string;
  code: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** A claim that was verified, and so is used up. */
export interface ClaimVerified {
  ok: true;
  username: string;
  hostname: string;
  token: string;
  /** Whether the name had an account, whose old token is now dead: its session has to be closed. */
  replaced: boolean;
}

/** What keeps a claim from being made. */
export type NotClaimed = Refusal<
  "invalid-username" | "reserved-username" | "suspended" | "rate-limited"
>;

/** What keeps a claim from being verified. */
export type NotVerified = Refusal<
  | "claim-not-found"
  | "claim-expired"
  | "code-not-found"
  | "profile-not-found"
  | "profile-unavailable"
  | "reserved-username"
  | "suspended"
  | "rate-limited"
>;

/** Options for {@linkcode createClaims}. */
export interface ClaimsOptions {
  store: {
    accounts: Pick<AccountStore, "byUsername" | "isBlocked">;
    claims: Pick<ClaimStore, "get" | "count" | "grant">;
  };
  /** {@linkcode ClaimStore.key}. */
  key: Uint8Array;
  /**
   * Whether a name is kept back; who has its account keeps it all the same.
   * @default {isReservedUsername}
   */
  isReserved?: (username: string) => boolean;
  /** Reads a public profile for somebody at an address. */
  readBio: (username: string, address: string) => Promise<BioAnswer>;
  hostnameOf: (username: string) => string;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
  /** @default {crypto.getRandomValues} */
  random?: Random;
  /** Claims an hour and address; IPv6 counts by /64. @default {30} */
  claimsPerHour?: number;
  /** @default {20} */
  verificationsPerClaim?: number;
  /** How long a code counts. @default {900_000} */
  codeLifeMs?: number;
}

/**
 * How a person proves that a username is theirs. A claim is remembered by who made it, and by the relay
 * only once its profile was read. Rejects as the store.
 */
export interface Claims {
  /** Makes a claim on a username, whatever the caller sent as one. */
  create(username: unknown, address: string): Promise<ClaimMade | NotClaimed>;
  /**
   * Looks for the claim's code in the bio, and if it is there, grants the account's token.
   *
   * Of verifications at the same time at most one succeeds. Only what read the profile counts as one.
   *
   * @param address of whoever asks.
   */
  verify(claim: string, address: string): Promise<ClaimVerified | NotVerified>;
}

/** Makes and checks claims; the caller opens and closes the store. */
export function createClaims(options: ClaimsOptions): Claims {
  const {
    store: { accounts, claims },
    key,
    isReserved = isReservedUsername,
    readBio,
    hostnameOf,
    now = Date.now,
    random = systemRandom,
    claimsPerHour = 30,
    verificationsPerClaim = 20,
    codeLifeMs = 900_000,
  } = options;
  const byAddress = createSlidingLimit({
    limit: claimsPerHour,
    windowMs: HOUR_MS,
    maxKeys: MAX_LIMITED_ADDRESSES,
    now,
  });
  const seal = createClaimSeal(key, random);
  /** Readings of a profile under way, by the hash of the claim in hex. */
  const underWay = new Map<string, number>();

  async function create(username: unknown, address: string): Promise<ClaimMade | NotClaimed> {
    const refusal = refuseName(username);
    if (refusal !== undefined) return refusal;
    const name = String(username);
    // A name with an account is its owner's, whose token may be lost.
    if (isReserved(name) && await accounts.byUsername(name) === undefined) return reserved(name);
    if (await accounts.isBlocked(name)) return suspended(name);

    const waitMs = byAddress.take(addressGroup(address));
    if (waitMs > 0) return tooManyClaims(waitMs);

    const expiresAt = now() + codeLifeMs;
    const made = seal.seal(name, expiresAt);
    return { ok: true, ...made, username: name, hostname: hostnameOf(name), expiresAt };
  }

  async function verify(claim: string, address: string): Promise<ClaimVerified | NotVerified> {
    const sealed = seal.open(claim);
    const sinceMs = now() - (sealed?.expiresAt ?? 0);
    if (sealed === undefined || sinceMs >= EXPIRED_KNOWN_MS) return noSuchClaim();
    if (sinceMs >= 0) return codeExpired();
    const { username, code, expiresAt } = sealed;
    const hash = createHash("sha256").update(sealed.bytes).digest();
    const key = hash.toString("hex");
    // Counted before the store is asked, so that those that come meanwhile see it.
    const atOnce = underWay.get(key) ?? 0;
    underWay.set(key, atOnce + 1);
    try {
      const { verifications, used } = await claims.get(hash);
      if (used) return noSuchClaim();
      if (await accounts.isBlocked(username)) return suspended(username);
      if (verifications + atOnce >= verificationsPerClaim) {
        return tooManyVerifications(verificationsPerClaim, -sinceMs);
      }
      const answer = await readBio(username, address);
      const refusal = refuseBio(answer, username, code);
      if (refusal === undefined) return await grant(hash, expiresAt, username);
      // One that had no turn, or was answered from memory, costs nothing.
      if (answer.ran) await claims.count(hash, expiresAt);
      return refusal;
    } finally {
      const left = underWay.get(key)! - 1;
      if (left > 0) underWay.set(key, left);
      else underWay.delete(key);
    }
  }

  /** The operator may have acted since the claim was made, or while the profile was read. */
  async function grant(
    hash: Uint8Array,
    expiresAt: number,
    username: string,
  ): Promise<ClaimVerified | NotVerified> {
    const mayBeNew = !isReserved(username);
    const grant = await claims.grant({ hash, expiresAt, username, mayBeNew });
    switch (grant.state) {
      case "blocked":
        return suspended(username);
      case "not-new":
        return reserved(username);
      case "used":
        return noSuchClaim();
    }
    const { token, replaced } = grant;
    return { ok: true, username, hostname: hostnameOf(username), token, replaced };
  }

  return { create, verify };
}
