import type { DatabaseSync } from "node:sqlite";
import { transaction } from "../database.ts";
import { addressGroup } from "../net/address_group.ts";
import type { BioResult } from "./bio_command.ts";
import {
  type ClaimRefusal,
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
import { hashSecret, newCode, newSecret, type Random, systemRandom } from "./secret.ts";
import { createSlidingLimit } from "./sliding_limit.ts";
import type { AccountStore } from "./store.ts";

const HOUR_MS = 3_600_000;

/** How long a claim past its time still answers `claim-expired`, before it is forgotten. */
const EXPIRED_KEPT_MS = 24 * HOUR_MS;

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

/** Options for {@linkcode createClaims}. */
export interface ClaimsOptions {
  db: DatabaseSync;
  store: AccountStore;
  /**
   * Whether a name is kept back; who has its account keeps it all the same.
   * @default {isReservedUsername}
   */
  isReserved?: (username: string) => boolean;
  /** Reads a public profile. */
  runBio: (username: string) => Promise<BioResult>;
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
  /** How many claims are kept in total; when all of them are live, none is added. @default {10_000} */
  maxClaims?: number;
}

/** How a person proves that a username is theirs. Claims live in the database, limits in memory. */
export interface Claims {
  /** Makes a claim on a username, whatever the caller sent as one. */
  create(username: unknown, address: string): ClaimMade | ClaimRefusal;
  /**
   * Looks for the claim's code in the bio, and if it is there, grants the account's token.
   *
   * Of verifications at the same time at most one succeeds.
   */
  verify(claim: string): Promise<ClaimVerified | ClaimRefusal>;
}

/** Keeps the claims in the relay's database, which the caller opens and closes. */
export function createClaims(options: ClaimsOptions): Claims {
  const {
    db,
    store,
    isReserved = isReservedUsername,
    runBio,
    hostnameOf,
    now = Date.now,
    random = systemRandom,
    claimsPerHour = 30,
    verificationsPerClaim = 20,
    codeLifeMs = 900_000,
    maxClaims = 10_000,
  } = options;
  const byAddress = createSlidingLimit({
    limit: claimsPerHour,
    windowMs: HOUR_MS,
    maxKeys: MAX_LIMITED_ADDRESSES,
    now,
  });
  const insert = db.prepare(
    "INSERT INTO claim (id_hash, username, code, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
  );
  const select = db.prepare("SELECT username, code, expires_at FROM claim WHERE id_hash = ?");
  const count = db.prepare(
    "UPDATE claim SET verifications = verifications + 1 WHERE id_hash = ? AND verifications < ?",
  );
  const take = db.prepare("DELETE FROM claim WHERE id_hash = ?");
  const forget = db.prepare("DELETE FROM claim WHERE expires_at <= ?");
  const total = db.prepare("SELECT count(*) AS claims, min(expires_at) AS first FROM claim");

  function create(username: unknown, address: string): ClaimMade | ClaimRefusal {
    const refusal = refuseName(username);
    if (refusal !== undefined) return refusal;
    const name = String(username);
    if (isKeptBack(name)) return reserved(name);
    if (store.isBlocked(name)) return suspended(name);

    const time = now();
    const roomInMs = makeRoom(time);
    if (roomInMs > 0) return tooManyClaims("Too many claims are open at this relay", roomInMs);
    const waitMs = byAddress.take(addressGroup(address));
    if (waitMs > 0) return tooManyClaims("Too many claims came from your network address", waitMs);

    const claim = newSecret(random);
    const code = newCode(random);
    const expiresAt = time + codeLifeMs;
    insert.run(hashSecret(claim), name, code, time, expiresAt);
    return { ok: true, claim, username: name, hostname: hostnameOf(name), code, expiresAt };
  }

  /** A name with an account is its owner's, whose token may be lost. */
  function isKeptBack(name: string): boolean {
    return isReserved(name) && store.byUsername(name) === undefined;
  }

  /** Forgets what it may to keep below the ceiling; returns how long until there is room, or 0. */
  function makeRoom(time: number): number {
    forget.run(time - EXPIRED_KEPT_MS);
    if (Number(total.get()?.claims) < maxClaims) return 0;
    forget.run(time);
    const row = total.get();
    return Number(row?.claims) < maxClaims ? 0 : Math.max(1, Number(row?.first) - time);
  }

  async function verify(claim: string): Promise<ClaimVerified | ClaimRefusal> {
    const hash = hashSecret(claim);
    const row = select.get(hash);
    if (row === undefined) return noSuchClaim();
    const username = String(row.username);
    const code = String(row.code);
    const leftMs = Number(row.expires_at) - now();
    if (leftMs <= 0) return codeExpired();
    if (store.isBlocked(username)) return suspended(username);
    if (count.run(hash, verificationsPerClaim).changes !== 1) {
      return tooManyVerifications(verificationsPerClaim, leftMs);
    }
    const result = await runBio(username);
    return refuseBio(result, username, code) ?? grant(hash, username);
  }

  /** Uses the claim up and grants a token, both or none: a second verification finds it gone. */
  function grant(hash: Uint8Array, username: string): ClaimVerified | ClaimRefusal {
    // The operator may have acted since the claim was made, or while the profile was read.
    if (store.isBlocked(username)) return suspended(username);
    if (isKeptBack(username)) return reserved(username);
    return transaction(db, () => {
      if (Number(take.run(hash).changes) !== 1) return noSuchClaim();
      const replaced = store.byUsername(username) !== undefined;
      const token = store.grantToken(username);
      return { ok: true, username, hostname: hostnameOf(username), token, replaced };
    });
  }

  return { create, verify };
}
