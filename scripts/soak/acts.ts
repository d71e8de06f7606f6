import { connectAdmin } from "../../lib/admin/client.ts";
import { sleep } from "../../lib/net/pause.ts";
import { lockStore } from "../../tests/store/helpers.ts";
import { type Glosson, setUpGlosson } from "../../tests/stories/glosson.ts";
import type { LoggedProcess } from "../logged_process.ts";
import { BASE, type Relay } from "../../tests/stories/relay.ts";
import { apiOf, signUp, visit } from "../../tests/stories/user.ts";
import type { Crowd } from "../crowd.ts";
import type { Random } from "../fuzz/random.ts";
import { Life, type Running } from "../kills/life.ts";

/** Users who act by the API, and how soon after each other, milliseconds at most. */
const LIVES = 3;
const ACT_PAUSE_MS = 1_500;

/** Users of the reference client. */
const REFERENCE = ["kaylee", "zoe"] as const;

/** How long another program keeps the database locked, milliseconds. */
const LOCK_MS = 300;

/** How often something less frequent happens, milliseconds; it comes by chance, this often on average. */
const RARELY_MS = {
  visit: 1_000,
  release: 4_000,
  renew: 20_000,
  lock: 15_000,
  kill: 30_000,
} as const;

/** How long after a hand-over an act may still meet the relay that left, milliseconds. */
const HAND_OVER_MS = 3_000;

/** What users and the operator do beside visits, each by chance, and how often they did. */
export class Acts implements AsyncDisposable {
  readonly counts: Record<string, number> = {};
  readonly #random: Random;
  readonly #crowd: Crowd;
  readonly #lives: Life[];
  readonly #clients: { glosson: Glosson; run: LoggedProcess }[] = [];
  #relay: Relay;
  /** Until when what is begun may meet a relay that leaves. */
  #leavesUntil = -Infinity;
  #names = 0;

  /** Sets the reference clients up and starts them. */
  static async begin(relay: Relay, random: Random, crowd: Crowd): Promise<Acts> {
    const acts = new Acts(relay, random, crowd);
    for (const name of REFERENCE) {
      const glosson = await setUpGlosson(relay, name);
      const run = glosson.run();
      acts.#clients.push({ glosson, run });
      await run.said(/Online/);
    }
    return acts;
  }

  private constructor(relay: Relay, random: Random, crowd: Crowd) {
    this.#relay = relay;
    this.#random = random;
    this.#crowd = crowd;
    this.#lives = Array.from({ length: LIVES }, (_, i) => new Life(`life-${i}x`, random));
  }

  /** How often anything was done. */
  get count(): number {
    return Object.values(this.counts).reduce((sum, times) => sum + times, 0);
  }

  /** Counts what was done. */
  did(what: string, times = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + times;
  }

  /** Goes on with the relay that takes the place of the one before. */
  async goOnWith(successor: Promise<Relay>): Promise<Relay> {
    this.#leavesUntil = Infinity;
    this.#relay = await successor;
    this.#leavesUntil = performance.now() + HAND_OVER_MS;
    return this.#relay;
  }

  /** Does everything until the signal is aborted. */
  async live(signal: AbortSignal): Promise<void> {
    await Promise.all([
      ...this.#lives.map((life) => {
        let isSure = true;
        return this.#again(signal, ACT_PAUSE_MS / 2, "users' acts", async () => {
          const api = apiOf(this.#relay);
          using _client = api.client;
          const running = { relay: this.#relay, api };
          // What was asked for when it failed may have been done, or not.
          if (!isSure) await this.#look(life, running);
          isSure = false;
          await life.act(running);
          isSure = true;
        });
      }),
      this.#again(signal, RARELY_MS.visit, "pages of reference clients", () => this.#visit()),
      this.#again(signal, RARELY_MS.release, "names claimed and released", () => this.#release()),
      this.#again(
        signal,
        RARELY_MS.renew,
        "renewals of the relay's certificate",
        () => this.#renew(),
      ),
      this.#again(signal, RARELY_MS.lock, "locks of the database", async () => {
        using _lock = lockStore(this.#relay.stateDir);
        await sleep(LOCK_MS);
      }),
      this.#again(signal, RARELY_MS.kill, "kills of a reference client", () => this.#kill()),
    ]);
  }

  /** Looks for what was acknowledged and is not there. */
  async check(): Promise<void> {
    const api = apiOf(this.#relay);
    using _client = api.client;
    for (const life of this.#lives) await this.#look(life, { relay: this.#relay, api });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { glosson } of this.#clients) await glosson[Symbol.asyncDispose]();
  }

  async #look(life: Life, running: Running): Promise<void> {
    for (const lost of await life.check(running)) this.#crowd.note(lost);
  }

  /** Does something again and again, after pauses of that length on average. */
  async #again(
    signal: AbortSignal,
    pauseMs: number,
    what: string,
    act: () => Promise<void>,
  ): Promise<void> {
    for (;;) {
      await sleep(this.#random.below(2 * pauseMs), signal);
      if (signal.aborted) return;
      const beganAt = performance.now();
      try {
        await act();
        this.did(what);
      } catch (error) {
        // Who met the relay that was leaving comes again.
        if (beganAt > this.#leavesUntil) this.#crowd.note(`${what}: ${(error as Error).message}`);
      }
    }
  }

  async #visit(): Promise<void> {
    const { status, body } = await visit(this.#relay, `${REFERENCE[0]}.${BASE}`);
    if (status !== 200 || !body.includes("is online")) throw new Error(`status ${status}`);
  }

  async #release(): Promise<void> {
    const { token } = await signUp(this.#relay, `short-${this.#names++}x`);
    const api = apiOf(this.#relay);
    using _client = api.client;
    const { status } = await api.request("DELETE", "/v1/account", { token });
    if (status !== 204) throw new Error(`status ${status}`);
  }

  async #renew(): Promise<void> {
    const admin = await connectAdmin(this.#relay.stateDir);
    if (admin === undefined) throw new Error("no relay runs");
    const lines = await Array.fromAsync(admin.renew(true));
    const last = lines.at(-1);
    if (!last || !("result" in last) || last.result !== "renewed") {
      throw new Error(JSON.stringify(last));
    }
  }

  /** Of the one whom nobody visits. */
  async #kill(): Promise<void> {
    const client = this.#clients[1]!;
    await client.run.stop("SIGKILL");
    client.run = client.glosson.run();
    await client.run.said(/Online/);
  }
}
