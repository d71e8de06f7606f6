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
import type { Store } from "../store/store.ts";

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
  store: Pick<Store, "accounts" | "claimChecks" | "claimKey" | "write">;
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
 * only once its profile was read.
 */
export interface Claims {
  /** Makes a claim on a username, whatever the caller sent as one. */
  create(username: unknown, address: string): ClaimMade | NotClaimed;
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
    store,
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
  const seal = createClaimSeal(store.claimKey(), random);
  const { accounts, claimChecks: checks } = store;
  /** Readings of a profile under way, by the hash of the claim in hex. */
  const underWay = new Map<string, number>();

  function create(username: unknown, address: string): ClaimMade | NotClaimed {
    const refusal = refuseName(username);
    if (refusal !== undefined) return refusal;
    const name = String(username);
    if (isKeptBack(name)) return reserved(name);
    if (accounts.isBlocked(name)) return suspended(name);

    const waitMs = byAddress.take(addressGroup(address));
    if (waitMs > 0) return tooManyClaims(waitMs);

    const expiresAt = now() + codeLifeMs;
    const made = seal.seal(name, expiresAt);
    return { ok: true, ...made, username: name, hostname: hostnameOf(name), expiresAt };
  }

  /** A name with an account is its owner's, whose token may be lost. */
  function isKeptBack(name: string): boolean {
    return isReserved(name) && accounts.byUsername(name) === undefined;
  }

  async function verify(claim: string, address: string): Promise<ClaimVerified | NotVerified> {
    const sealed = seal.open(claim);
    const sinceMs = now() - (sealed?.expiresAt ?? 0);
    if (sealed === undefined || sinceMs >= EXPIRED_KNOWN_MS) return noSuchClaim();
    if (sinceMs >= 0) return codeExpired();
    const { username, code, expiresAt } = sealed;
    const hash = createHash("sha256").update(sealed.bytes).digest();
    const { verifications, used } = checks.get(hash);
    if (used) return noSuchClaim();
    if (accounts.isBlocked(username)) return suspended(username);
    const key = hash.toString("hex");
    const atOnce = underWay.get(key) ?? 0;
    if (verifications + atOnce >= verificationsPerClaim) {
      return tooManyVerifications(verificationsPerClaim, -sinceMs);
    }
    underWay.set(key, atOnce + 1);
    try {
      const answer = await readBio(username, address);
      const refusal = refuseBio(answer, username, code);
      if (refusal === undefined) return await grant(hash, expiresAt, username);
      // One that had no turn, or was answered from memory, costs nothing.
      if (answer.ran) await store.write(() => checks.count(hash, expiresAt));
      return refusal;
    } finally {
      const left = underWay.get(key)! - 1;
      if (left > 0) underWay.set(key, left);
      else underWay.delete(key);
    }
  }

  /** Uses the claim up and grants a token, both or none: a second verification finds it used. */
  function grant(
    hash: Uint8Array,
    expiresAt: number,
    username: string,
  ): Promise<ClaimVerified | NotVerified> {
    return store.write(() => {
      // The operator may have acted since the claim was made, or while the profile was read.
      if (accounts.isBlocked(username)) return suspended(username);
      if (isKeptBack(username)) return reserved(username);
      if (!checks.use(hash, expiresAt)) return noSuchClaim();
      const replaced = accounts.byUsername(username) !== undefined;
      const token = accounts.grantToken(username);
      return { ok: true, username, hostname: hostnameOf(username), token, replaced };
    });
  }

  return { create, verify };
}
