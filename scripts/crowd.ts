import { LoadProcess } from "./bench/load_process.ts";
import type { Membership } from "./bench/load/glosson.ts";

/** How long one call for visits takes, seconds: how soon they can be ended. */
const VISITING_S = 2;

/** What each stream loads when it is used, mebibytes. */
const STREAM_MEBIBYTES = 1;

/** Where visitors come. */
export interface Way {
  /** Port of the hub, or of what is before it. */
  port: number;
  /** Names that they open in turns; their users stay online. */
  hostnames: string[];
}

/**
 * Users who stay online, visitors who come to them, and streams: in processes of their own, around a
 * relay that may be another one from moment to moment. Whatever goes wrong is counted.
 */
export class Crowd implements AsyncDisposable {
  /** What went wrong, and how often. */
  readonly failures = new Map<string, number>();
  /** Visits so far. */
  visits = 0;
  /** The slowest of the p99 of {@linkcode VISITING_S} seconds of visits each, milliseconds. */
  slowestMs = 0;
  readonly #way: Way;
  readonly #processes = ["members", "visitors", "holders"].map(() => new LoadProcess("flights.ts"));
  #over = false;
  #visiting: Promise<void> = Promise.resolve();

  constructor(way: Way) {
    this.#way = way;
  }

  /** Has users come online, who come back whenever they lose it; resolves once all were. */
  async comeOnline(memberships: Membership[]): Promise<void> {
    await this.#members.call("members", { memberships });
  }

  /** How long ago each user came online for the last time, milliseconds. */
  async onlineSince(): Promise<number[]> {
    const { agoMs } = await this.#members.call<{ agoMs: number[] }>("since");
    return agoMs;
  }

  /** Has visitors come, so many a second or none, until {@linkcode Crowd.endVisits}. */
  beginVisits(perSecond: number): void {
    this.#over = perSecond === 0;
    this.#visiting = (async () => {
      while (!this.#over) {
        const { p99, failures } = await this.#visitors.call<
          { p99: number; failures: Record<string, number> }
        >("rate", { ...this.#way, perSecond, seconds: VISITING_S });
        this.visits += VISITING_S * perSecond;
        if (p99 > this.slowestMs) this.slowestMs = p99;
        for (const [why, times] of Object.entries(failures)) this.note(`visit: ${why}`, times);
      }
    })();
  }

  /** Resolves when the last visitor has gone. */
  async endVisits(): Promise<void> {
    this.#over = true;
    await this.#visiting;
  }

  /** Opens streams. */
  async openStreams(count: number): Promise<void> {
    await this.#holders.call("hold", { ...this.#way, count })
      .catch(({ message }) => this.note(`stream: ${message}`));
  }

  /** Has every stream load something, and closes it. */
  async useStreams(): Promise<void> {
    await this.#holders.call("burst", { mebibytes: STREAM_MEBIBYTES })
      .catch(({ message }) => this.note(`stream: ${message}`));
    await this.dropStreams();
  }

  /** Closes every stream. */
  async dropStreams(): Promise<void> {
    await this.#holders.call("release");
  }

  /** Counts what went wrong. */
  note(why: string, times = 1): void {
    this.failures.set(why, (this.failures.get(why) ?? 0) + times);
  }

  /** Counts what went wrong in such a way no more; how often it did. */
  forgive(why: RegExp): number {
    const matching = [...this.failures].filter(([text]) => why.test(text));
    for (const [text] of matching) this.failures.delete(text);
    return matching.reduce((sum, [, times]) => sum + times, 0);
  }

  /** How much went wrong. */
  get failed(): number {
    return [...this.failures.values()].reduce((sum, times) => sum + times, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endVisits();
    for (const process of this.#processes) await process[Symbol.asyncDispose]();
  }

  get #members(): LoadProcess {
    return this.#processes[0]!;
  }

  get #visitors(): LoadProcess {
    return this.#processes[1]!;
  }

  get #holders(): LoadProcess {
    return this.#processes[2]!;
  }
}
