import {
  type Arrival,
  type Beat,
  type Changes,
  type ClusterEngine,
  type Departure,
  type EngineListener,
  type LastChange,
  type Letter,
  type Notice,
  type NoticeKind,
  PAGE,
  type PresenceRow,
  type RelayFigures,
  type RelayView,
  type Standing,
} from "../../lib/cluster/engine.ts";
import type { ManualClock } from "../manual_clock.ts";

/** As young as a session is that is announced at once. */
const FRESH_MS = 2_000;

interface Row extends PresenceRow {
  number: number;
}

function toPresence({ number: _, ...row }: Row): PresenceRow {
  return row;
}

/** What relays of one process share, with a clock that is moved by hand. */
export class MemoryDatabase {
  readonly presence = new Map<string, Row>();
  readonly notices: (Notice & { number: number; at: number })[] = [];
  readonly relays = new Map<string, RelayFigures & Beat & { alive: boolean; at: number }>();
  beats = 0;
  readonly engines = new Set<MemoryEngine>();
  number = 0;
  /** How far its own clock is ahead of the other, which may be set. */
  aheadMs = 0;
  /** It never stands still. */
  ticks = 0;
  /** How many notices were told ever. */
  told = 0;

  constructor(readonly clock: ManualClock) {}

  /** The users of a relay's former process are left. */
  leave(boot: string): void {
    for (const row of this.presence.values()) {
      if (row.boot === boot && row.state === "online") {
        Object.assign(row, { state: "left", number: ++this.number });
      }
    }
  }

  /** Its own clock, microseconds. */
  microseconds(): number {
    return (this.clock.now() + this.aheadMs) * 1_000 + ++this.ticks;
  }

  wake(): void {
    for (const engine of this.engines) engine.hear();
  }
}

/** An engine in memory; `away` while it cannot be reached. */
export class MemoryEngine implements ClusterEngine {
  /** Whether what is announced is done, and the connection lost before the answer. */
  losesAnswers = false;
  readonly #db: MemoryDatabase;
  readonly #id: string;
  readonly #boot: string;
  #listener: EngineListener | undefined;
  #away = false;
  #deaf = false;

  constructor(db: MemoryDatabase, { relay, boot }: { relay: string; boot: string }) {
    this.#db = db;
    this.#id = relay;
    this.#boot = boot;
  }

  /** Whether it can be reached; once it can again the listener is told. */
  set away(away: boolean) {
    this.#away = away;
    this.deaf = away;
  }

  /** Whether it hears nothing of the others, and can be reached. */
  set deaf(deaf: boolean) {
    this.#deaf = deaf;
    if (deaf) this.#listener?.onDeaf(new Error("no connection to listen by"));
    else this.#listener?.onHearing();
  }

  hear(): void {
    if (!this.#deaf) this.#listener?.onChange();
  }

  async listen(listener: EngineListener): Promise<void> {
    await this.#reach();
    this.#listener = listener;
    listener.onHearing();
    this.#db.engines.add(this);
  }

  async join(kept: readonly string[] = []): Promise<Map<string, number>> {
    await this.#reach();
    const before = this.#db.relays.get(this.#id);
    const own = kept.flatMap((username) => this.#db.presence.get(username) ?? [])
      .filter((row) => row.boot === before?.boot && row.state === "online");
    for (const row of own) Object.assign(row, { boot: this.#boot, number: ++this.#db.number });
    if (before !== undefined && before.boot !== this.#boot) this.#db.leave(before.boot);
    this.#beat({ users: 0, visitors: 0 });
    this.#db.wake();
    return new Map(own.map(({ username, epoch }) => [username, epoch]));
  }

  async beat(figures: RelayFigures): Promise<{ standing: Standing; others: Beat[] }> {
    await this.#reach();
    const { relays } = this.#db;
    const others = [...relays.values()].filter(({ alive, boot }) => alive && boot !== this.#boot)
      .map(({ boot, beat }) => ({ boot, beat }));
    const own = relays.get(this.#id);
    if (own !== undefined && own.boot !== this.#boot) {
      if (own.alive) return { standing: "taken", others };
      await this.join();
      return { standing: "lost", others };
    }
    this.#beat(figures);
    return { standing: own?.alive ? "alive" : "lost", others };
  }

  async judge(dead: readonly Beat[]): Promise<void> {
    await this.#reach();
    for (const { boot, beat } of dead) {
      const relay = [...this.#db.relays.values()].find((relay) => relay.boot === boot);
      if (relay?.beat !== beat) continue;
      relay.alive = false;
      this.#db.leave(boot);
    }
    this.#db.wake();
  }

  async relays(): Promise<RelayView[]> {
    await this.#reach();
    return [...this.#db.relays].map(([id, { at, beat: _, ...relay }]) => ({
      ...{ id, version: "test", heardMs: this.#db.clock.now() - at, ...relay },
    }));
  }

  async announce(arrivals: Arrival[], departures: Departure[]): Promise<Map<string, number>> {
    await this.#reach();
    const { presence } = this.#db;
    const now = this.#db.microseconds();
    const self = this.#db.relays.get(this.#id);
    if (self?.boot !== this.#boot || !self.alive) throw new Error("this relay counts as dead");
    for (const { username, state } of departures) {
      const row = presence.get(username);
      if (row?.boot === this.#boot && row.state === "online") {
        Object.assign(row, { state, number: ++this.#db.number });
      }
    }
    const holding = new Map<string, number>();
    for (const { username, ageMs, epoch } of arrivals) {
      const row = presence.get(username);
      const own = epoch ?? now - ageMs * 1_000;
      const isNew = epoch === undefined;
      const wins = row?.state !== "online" || (isNew && ageMs < FRESH_MS) || row.epoch < own ||
        (isNew && row.epoch > now);
      if (wins) {
        presence.set(username, {
          ...{ username, relay: this.#id, boot: this.#boot, state: "online" },
          epoch: Math.max(own, (row?.epoch ?? 0) + 1),
          number: ++this.#db.number,
        });
      }
      const { boot, state, epoch: held } = presence.get(username)!;
      if (boot === this.#boot && state === "online") holding.set(username, held);
    }
    this.#db.wake();
    if (this.losesAnswers) throw new Error("the connection was lost");
    return holding;
  }

  async changesSince(number: number): Promise<Changes> {
    await this.#reach();
    const { presence, notices } = this.#db;
    const changed = [...presence.values()].filter((row) => row.number > number)
      .sort((a, b) => a.number - b.number);
    const page = changed.slice(0, PAGE);
    const last = page.length === PAGE ? page.at(-1)!.number : this.#db.number;
    return {
      number: last,
      presence: page.map(toPresence),
      notices: notices.filter((notice) => notice.number > number && notice.number <= last),
      more: page.length === PAGE,
    };
  }

  async lastChange(toldWithinMs: number): Promise<LastChange> {
    await this.#reach();
    const { number, notices, clock } = this.#db;
    return { number, notices: notices.filter(({ at }) => clock.now() - at < toldWithinMs) };
  }

  async onlineBehind(username: string): Promise<PresenceRow[]> {
    await this.#reach();
    return [...this.#db.presence.values()]
      .filter((row) => row.state === "online" && row.username > username)
      .sort((a, b) => a.username < b.username ? -1 : 1)
      .slice(0, PAGE).map(toPresence);
  }

  async send(letters: readonly Letter[]): Promise<void> {
    await this.#reach();
    for (const { to, text } of letters) {
      for (const engine of this.#db.engines) {
        if (engine.#boot === to && !engine.#deaf) engine.#listener?.onMessage(text);
      }
    }
  }

  async notify(kind: NoticeKind, username?: string): Promise<void> {
    await this.#reach();
    this.#db.notices.push({
      ...{
        number: ++this.#db.number,
        at: this.#db.clock.now(),
        toldAt: ++this.#db.told,
        kind,
        boot: this.#boot,
      },
      ...(username !== undefined && { username }),
    });
    this.#db.wake();
  }

  leave(): Promise<void> {
    this.#db.engines.delete(this);
    if (this.#db.relays.get(this.#id)?.boot === this.#boot) {
      this.#db.leave(this.#boot);
      this.#db.relays.delete(this.#id);
      this.#db.wake();
    }
    return Promise.resolve();
  }

  #beat(figures: RelayFigures): void {
    const { relays, clock } = this.#db;
    const beat = ++this.#db.beats;
    relays.set(this.#id, { ...figures, boot: this.#boot, beat, alive: true, at: clock.now() });
  }

  #reach(): Promise<void> {
    return this.#away ? Promise.reject(new Error("the engine is away")) : Promise.resolve();
  }
}
