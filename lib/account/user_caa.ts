import { settleWithin } from "../net/pause.ts";
import type { Log } from "../log.ts";
import type { CaaStore, UserCaa } from "../store/caa.ts";
import { type Refusal, refuse } from "../wire/problems.ts";
import { createSlidingLimit } from "./sliding_limit.ts";

/** How often a user may change their mind: each time the zone is written. */
const CHANGES = { limit: 20, windowMs: 3_600_000, maxKeys: 10_000 } as const;

/** How long a user is kept waiting for the DNS server: to write, and to tell how it stands. */
const WAIT_MS = { write: 6_000, look: 3_000 } as const;

/** For how long what was found is told again, however often a user asks: a look may read the whole zone. */
const TOLD_MS = 5_000;

/** Of how many users that is remembered; beyond, what was found first is forgotten. */
const MAX_TOLD = 1_000;

/** Why the zone is not as its user wants it, where nothing is known to be in the way. */
const LATE = "The DNS server has not answered yet; the relay writes the records once it does.";
const PENDING = "The relay writes the records within a minute.";

/** What writes CAA records, see `NameKeeper`. */
export interface CaaWriter {
  /** Gives a name, and those below it, what they need by now. */
  follow(hostname: string): Promise<void>;
  /** Never rejects: `why` tells what is in the way. */
  inspectCaa(hostname: string): Promise<CaaReport>;
}

/** How the CAA records of a name stand. */
interface CaaReport {
  values: readonly string[];
  written: boolean;
  why?: string | undefined;
}

/** Who alone may order certificates for a user's names, and how that stands in the DNS. */
export interface CaaState {
  /** Undefined where the user asked for nothing. */
  caa: UserCaa | undefined;
  /** As zone files have them. */
  records: string[];
  /** Whether the zone is as the user wants it. */
  written: boolean;
  /** Why not yet, for a person. */
  why?: string | undefined;
}

/** Options for {@linkcode UserCaaDesk}. */
export interface UserCaaOptions {
  store: CaaStore;
  writer: CaaWriter;
  /** JSON of the problem that the pending orders end with of users who have an account of their own order. */
  ownAccount: string;
  /** Gives up what this relay is ordering for such a user: nobody gets it. */
  abortOrder: (username: string) => void;
  hostnameOf: (username: string) => string;
  log: Log;
  /** Clock in milliseconds since the epoch. @default {Date.now} */
  now?: () => number;
}

/**
 * What users ask for of CAA (RFC 8659, RFC 8657): records at their names by which nobody else has certificates
 * signed for them. What the store has is what counts; the zone follows at once, or within a minute of its server's
 * return. Methods reject as the store.
 */
export class UserCaaDesk {
  readonly #options: UserCaaOptions;
  readonly #take: (username: string) => number;
  readonly #now: () => number;
  /** What was found lately, or is being looked for, by hostname. */
  readonly #looks = new Map<string, { at: number; report: Promise<CaaReport> }>();

  constructor(options: UserCaaOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#take = createSlidingLimit({ ...CHANGES, now: this.#now }).take;
  }

  /** What a user asked for. */
  async of(username: string): Promise<CaaState> {
    return await this.#state(username, await this.#options.store.of(username));
  }

  /** Sets, or without a value ends, what the token's user asks for. */
  async set(
    username: string,
    caa: UserCaa | undefined,
    token: string,
  ): Promise<{ ok: true } & CaaState | Refusal<"rate-limited" | "unauthorized">> {
    const { store, writer, ownAccount, abortOrder, hostnameOf, log } = this.#options;
    const waitMs = this.#take(username);
    if (waitMs > 0) {
      const detail = `A user may change this ${CHANGES.limit} times an hour; wait a while.`;
      return refuse("rate-limited", detail, Math.ceil(waitMs / 1000));
    }
    if (await store.set(token, caa, ownAccount) !== username) {
      return refuse("unauthorized", "The token is not good any more; claim the name again.");
    }
    log.info("a user says who may order certificates for their names", {
      username,
      account: caa === undefined || caa === "relay" ? caa ?? "any" : caa.accountUrl,
    });
    if (caa !== undefined && caa !== "relay") abortOrder(username);
    const written = writer.follow(hostnameOf(username)).catch((error) =>
      log.warn("CAA records not written yet; tried again within a minute", { username, error })
    );
    await settleWithin(WAIT_MS.write, [written]);
    this.#looks.delete(hostnameOf(username));
    return { ok: true, ...await this.#state(username, caa) };
  }

  async #state(username: string, caa: UserCaa | undefined): Promise<CaaState> {
    const hostname = this.#options.hostnameOf(username);
    let report: CaaReport = { values: [], written: false, why: LATE };
    const looked = this.#look(hostname).then((found) => report = found);
    await settleWithin(WAIT_MS.look, [looked]);
    const records = report.values.map((value) => `${hostname}. IN CAA ${value}`);
    const { written, why } = report;
    return { caa, records, written, ...(!written && { why: why ?? PENDING }) };
  }

  #look(hostname: string): Promise<CaaReport> {
    const last = this.#looks.get(hostname);
    if (last !== undefined && Math.abs(this.#now() - last.at) < TOLD_MS) return last.report;
    const report = this.#options.writer.inspectCaa(hostname);
    this.#looks.delete(hostname);
    this.#looks.set(hostname, { at: this.#now(), report });
    if (this.#looks.size > MAX_TOLD) this.#looks.delete(this.#looks.keys().next().value!);
    return report;
  }
}
