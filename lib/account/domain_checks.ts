import type { Log } from "../log.ts";
import type { Schedule } from "../net/schedule.ts";
import type { DomainStore, OwnDomain } from "../store/domains.ts";
import { type Look, LOOK_EVERY_MS } from "./own_domains.ts";
import { Turns } from "./turns.ts";

/** Until the next look: after one that was made, where none is due, and where the store is away. */
const PACE_MS = { next: 2_000, idle: 600_000 } as const;

/** In how long to look again at a domain that leads elsewhere, or whose servers were silent. */
const AGAIN_MS = 3_600_000;

/** How long a domain that leads elsewhere is still routed: a zone may be wrong for a while. */
const GRACE_MS = 86_400_000;

/** Options for {@linkcode DomainChecks}. */
export interface DomainChecksOptions {
  domains: DomainStore;
  /** Asks a domain's servers; never rejects. */
  look: (domain: string) => Promise<Look>;
  hostnameOf: (username: string) => string;
  log: Log;
  /** @default {setTimeout} */
  schedule?: Schedule;
}

/**
 * Looks every day whether users' domains still lead to them, one at a time.
 *
 * One that leads elsewhere is routed for a day more, and looked at every hour; then it is nobody's. Servers
 * that are silent say nothing: it stays as it was.
 */
export class DomainChecks {
  readonly #options: DomainChecksOptions;
  readonly #turns: Turns;

  constructor(options: DomainChecksOptions) {
    this.#options = options;
    this.#turns = new Turns(() => this.#turn(), PACE_MS.next, options.schedule);
  }

  /** Looks at no more domains. */
  stop(): void {
    this.#turns.stop();
  }

  /** How long to wait for the next. */
  async #turn(): Promise<number> {
    try {
      const due = await this.#options.domains.due(LOOK_EVERY_MS);
      if (due === undefined || this.#turns.stopped) return PACE_MS.idle;
      await this.#check(due);
      return PACE_MS.next;
    } catch (error) {
      this.#options.log.error("cannot note where users' domains lead", { error });
      return PACE_MS.idle;
    }
  }

  async #check(due: OwnDomain): Promise<void> {
    const { domains, look, hostnameOf, log } = this.#options;
    const { answers, silent } = await look(due.domain);
    if (this.#turns.stopped) return;
    if (answers.length === 0) {
      log.debug("a user's domain could not be looked at", { ...due, why: silent.join("; ") });
      return await domains.postpone(due, AGAIN_MS);
    }
    // One server that lags behind is no reason to take a domain away.
    const leads = answers.some((names) => names.includes(hostnameOf(due.username)));
    const astrayMs = await domains.note(due, leads, leads ? LOOK_EVERY_MS : AGAIN_MS);
    if (astrayMs === undefined) return;
    if (astrayMs === 0) {
      log.warn("a user's domain leads elsewhere; it is routed for a day more", { ...due });
    } else if (astrayMs >= GRACE_MS) {
      await domains.drop(due);
      log.warn("a user's domain leads elsewhere, and is routed no more", { ...due });
    }
  }
}
