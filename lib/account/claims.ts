/**
 * Who has which username: claims, the program that reads profiles, and who was online last. Imports the
 * ground floor and the interfaces of `store`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { addressGroup } from "../net/address_group.ts";
import type { Log } from "../log.ts";
import type { BioAnswer } from "./bio_queue.ts";
import {
  codeExpired,
  noSuchClaim,
  refuseBio,
  refuseName,
  reserved,
  resting,
  suspended,
  tooManyClaims,
  tooManyVerifications,
} from "./claim_refusal.ts";
import { isReservedUsername } from "./reserved_names.ts";
import type { ClaimMade, ClaimVerified, NotClaimed, NotVerified } from "./claim_results.ts";
import { type ClaimSeal, createClaimSeal, type SealedClaim } from "./claim_seal.ts";
import type { Refusal } from "../wire/problems.ts";
import { type Random, systemRandom } from "../wire/random_secret.ts";
import { createSlidingLimit, type SlidingLimit } from "./sliding_limit.ts";
import type { ClaimStore, ProvenClaim } from "../store/claims.ts";
import type { AccountStore } from "../store/accounts.ts";

const HOUR_MS = 3_600_000;

/** How long a claim past its time answers `claim-expired`; later it is no claim any more. */
const EXPIRED_KNOWN_MS = 24 * HOUR_MS;

/** How long a code counts. */
const CODE_LIFE_MS = 900_000;

/** How many addresses the limit of claims remembers: about 3 MB when all are at the limit. */
const MAX_LIMITED_ADDRESSES = 10_000;

/** Options for {@linkcode Claims}. */
export interface ClaimsOptions {
  store: {
    accounts: Pick<AccountStore, "byUsername" | "blockOf">;
    claims: Pick<ClaimStore, "now" | "get" | "count" | "grant">;
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
  /** @default nothing is logged */
  log?: Log;
  /** Where the operator is written to. @default none is known */
  contact?: () => string | undefined;
  /** Clock of the limits, milliseconds since the epoch; claims go by the store's. @default {Date.now} */
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
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #isReserved: (username: string) => boolean;
  readonly #byAddress: SlidingLimit;
  readonly #seal: ClaimSeal;
  /** Readings of a profile under way, by the hash of the claim in hex. */
  readonly #underWay = new Map<string, number>();

  /** The caller opens and closes the store. */
  constructor(options: ClaimsOptions) {
    const { key, now = Date.now, random = systemRandom, claimsPerHour = 30 } = options;
    this.#options = options;
    this.#isReserved = options.isReserved ?? isReservedUsername;
    this.#byAddress = createSlidingLimit({
      limit: claimsPerHour,
      windowMs: HOUR_MS,
      maxKeys: MAX_LIMITED_ADDRESSES,
      now,
    });
    this.#seal = createClaimSeal(key, random);
  }

  /** Makes a claim on a username, whatever the caller sent as one. */
  async create(username: unknown, address: string): Promise<ClaimMade | NotClaimed> {
    const { store: { accounts, claims }, hostnameOf, codeLifeMs = CODE_LIFE_MS } = this.#options;
    const refusal = refuseName(username);
    if (refusal !== undefined) return refusal;
    const name = String(username);
    // A name with an account is its owner's, whose token may be lost.
    if (this.#isReserved(name) && await accounts.byUsername(name) === undefined) {
      return reserved(name);
    }
    const block = await accounts.blockOf(name);
    if (block !== undefined) return this.#suspended(name);

    const waitMs = this.#byAddress.take(addressGroup(address));
    if (waitMs > 0) return tooManyClaims(waitMs);

    const expiresAt = await claims.now() + codeLifeMs;
    const made = this.#seal.seal(name, expiresAt);
    return { ok: true, ...made, username: name, hostname: hostnameOf(name), expiresAt };
  }

  /**
   * Looks for the claim's code in the bio, and if it is there, grants the account's token.
   *
   * Of verifications at the same time at most one succeeds. Only what read the profile counts as one.
   *
   * @param address of whoever asks.
   */
  async verify(claim: string, address: string): Promise<ClaimVerified | NotVerified> {
    const sealed = this.#seal.open(claim);
    if (sealed === undefined) return noSuchClaim();
    const hash = createHash("sha256").update(sealed.bytes).digest();
    const key = hash.toString("hex");
    // Counted before the store is asked, so that those that come meanwhile see it.
    const atOnce = this.#underWay.get(key) ?? 0;
    this.#underWay.set(key, atOnce + 1);
    try {
      return await this.#check(hash, sealed, address, atOnce);
    } finally {
      const left = this.#underWay.get(key)! - 1;
      if (left > 0) this.#underWay.set(key, left);
      else this.#underWay.delete(key);
    }
  }

  async #check(
    hash: Uint8Array,
    { username, code, expiresAt }: SealedClaim,
    address: string,
    atOnce: number,
  ): Promise<ClaimVerified | NotVerified> {
    const { store, readBio, verificationsPerClaim = 20 } = this.#options;
    const leftMs = expiresAt - await store.claims.now();
    if (leftMs <= -EXPIRED_KNOWN_MS) return noSuchClaim();
    if (leftMs <= 0) return codeExpired();
    const { verifications, used } = await store.claims.get(hash);
    if (used) return noSuchClaim();
    const block = await store.accounts.blockOf(username);
    if (block !== undefined) return this.#suspended(username);
    if (verifications + atOnce >= verificationsPerClaim) {
      return tooManyVerifications(verificationsPerClaim, leftMs);
    }
    const answer = await readBio(username, address);
    const refusal = refuseBio(answer, username, code);
    if (refusal === undefined) {
      const profileId = answer.state === "found" ? answer.profileId : undefined;
      return await this.#grant({ hash, expiresAt, username, profileId });
    }
    // One that had no turn, or was answered from memory, costs nothing.
    if (answer.ran) await store.claims.count(hash, expiresAt);
    return refusal;
  }

  /** @param reason of the block, for who has proved the profile: others need not read it. */
  #suspended(username: string, reason?: string): Refusal<"suspended"> {
    return suspended(username, { reason, contact: this.#options.contact?.() });
  }

  /** The operator may have acted since the claim was made, or while the profile was read. */
  async #grant(claim: Omit<ProvenClaim, "mayBeNew">): Promise<ClaimVerified | NotVerified> {
    const { store, hostnameOf } = this.#options;
    const { username } = claim;
    const mayBeNew = !this.#isReserved(username);
    const grant = await store.claims.grant({ ...claim, mayBeNew });
    // The profile was read for it.
    if (grant.state === "resting" || grant.state === "not-new") {
      await store.claims.count(claim.hash, claim.expiresAt);
    }
    switch (grant.state) {
      case "blocked":
        return this.#suspended(username, grant.reason);
      case "resting":
        return resting(username, grant.until);
      case "not-new":
        return reserved(username);
      case "used":
        return noSuchClaim();
    }
    const { token, replaced, byAnother } = grant;
    if (byAnother) {
      this.#options.log?.warn("an account is another profile's now, of the same name", {
        username,
      });
    }
    return { ok: true, username, hostname: hostnameOf(username), token, replaced };
  }
}
