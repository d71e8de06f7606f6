import assert from "node:assert/strict";
import { addressGroups } from "../../lib/net/address_group.ts";
import type { Place } from "../../lib/net/places.ts";
import { Crowd, type CrowdOptions, type Guest, IDLE_MS } from "../../lib/visitor/crowd.ts";
import { ManualClock } from "../manual_clock.ts";

/** A visitor who notes that they gave way. */
class TestGuest implements Guest {
  gaveWay = false;
  readonly groups: readonly string[];

  constructor(readonly address: string, public place: Place, public lastHeardAt: number) {
    this.groups = addressGroups(address);
  }

  giveWay(): void {
    this.gaveWay = true;
  }
}

/** A crowd that a test lets visitors into. */
class Fixture {
  readonly clock = new ManualClock();
  readonly crowd: Crowd;
  readonly guests: TestGuest[] = [];

  constructor(options: Partial<CrowdOptions> = {}) {
    this.crowd = new Crowd({ total: 1_000, perUser: 10, now: this.clock.now, ...options });
  }

  /** Lets a visitor in; undefined when there is no place. Each comes a millisecond later. */
  come(address: string, username = "kaylee"): TestGuest | undefined {
    this.clock.advance(1);
    const place = this.crowd.take(username, addressGroups(address));
    if (place === undefined) return undefined;
    const guest = new TestGuest(address, place, this.clock.now());
    this.crowd.add(username, guest);
    this.guests.push(guest);
    return guest;
  }

  /** Addresses of those who gave way, in the order in which they had come. */
  get gaveWay(): string[] {
    return this.guests.filter((guest) => guest.gaveWay).map(({ address }) => address);
  }

  /** Everybody is silent from here on for so long that anybody may take their places. */
  sleep(): void {
    this.clock.advance(IDLE_MS + 1);
  }
}

Deno.test("two networks that fill a user's places make room for a third, the longest idle first", () => {
  const f = new Fixture();
  for (let i = 0; i < 10; i++) assert.ok(f.come(i % 2 ? "203.0.113.1" : "198.51.100.1"));
  f.guests[0]!.lastHeardAt = f.clock.now();
  assert.ok(f.come("192.0.2.1"));
  // The first of the longest idle's network spoke a moment ago: the second gave way.
  assert.deepEqual(f.guests.map(({ gaveWay }) => gaveWay).indexOf(true), 2);
  assert.equal(f.crowd.used, 10);
  // Until all three have their share.
  assert.ok(f.come("192.0.2.1"));
  assert.ok(f.come("192.0.2.1"));
  assert.equal(f.come("192.0.2.1"), undefined);
  assert.equal(f.gaveWay.length, 3);
  // One more of those who have most gets nobody's place.
  assert.equal(f.come("203.0.113.1"), undefined);
});

Deno.test("many addresses of one network count as one against a newcomer", () => {
  for (
    const address of [
      (i: number) => `203.0.113.${i}`,
      (i: number) => `2001:db8:1:${i}::1`,
      (i: number) => `2001:db8:1:${i}00::1`,
    ]
  ) {
    const f = new Fixture();
    for (let i = 1; i <= 10; i++) assert.ok(f.come(address(i)));
    assert.ok(f.come("2001:db8:2::1"));
    assert.ok(f.come("192.0.2.1"));
    assert.equal(f.gaveWay.length, 2);
  }
});

Deno.test("within a network it is the part with the most that gives way", () => {
  const f = new Fixture();
  for (let i = 0; i < 8; i++) assert.ok(f.come("203.0.113.1"));
  assert.ok(f.come("203.0.113.2"));
  assert.ok(f.come("203.0.113.3"));
  // A neighbour gets in as well as a stranger does.
  assert.ok(f.come("203.0.113.4"));
  assert.ok(f.come("192.0.2.1"));
  assert.deepEqual(f.gaveWay, ["203.0.113.1", "203.0.113.1"]);
});

Deno.test("nobody gives way among equals, but who was silent for a minute", () => {
  const f = new Fixture();
  for (let i = 0; i < 10; i++) assert.ok(f.come(`192.0.${i}.1`));
  assert.equal(f.come("203.0.113.1"), undefined);
  f.sleep();
  for (const guest of f.guests.slice(1)) guest.lastHeardAt = f.clock.now();
  assert.ok(f.come("203.0.113.1"));
  assert.deepEqual(f.gaveWay, ["192.0.0.1"]);
  assert.equal(f.come("203.0.114.1"), undefined);
});

Deno.test("a network with the most takes no silent visitor's place of another", () => {
  const f = new Fixture();
  const quiet = f.come("192.0.2.1")!;
  for (let i = 0; i < 9; i++) assert.ok(f.come("203.0.113.1"));
  f.sleep();
  for (const guest of f.guests.slice(1)) guest.lastHeardAt = f.clock.now();
  assert.equal(f.come("203.0.113.1"), undefined);
  assert.equal(quiet.gaveWay, false);
  // Its own silent one it may have.
  f.guests[1]!.lastHeardAt = 0;
  assert.ok(f.come("203.0.113.1"));
  assert.deepEqual(f.gaveWay, ["203.0.113.1"]);
});

Deno.test("visitors without an address to count by are one network", () => {
  const f = new Fixture();
  const crowd = f.crowd;
  const guests = Array.from({ length: 10 }, () => {
    const guest = new TestGuest("", crowd.take("kaylee", [])!, f.clock.now());
    Object.assign(guest, { groups: [] });
    crowd.add("kaylee", guest);
    return guest;
  });
  assert.equal(crowd.take("kaylee", []), undefined);
  f.sleep();
  assert.ok(crowd.take("kaylee", []));
  assert.equal(guests.filter(({ gaveWay }) => gaveWay).length, 1);
});

Deno.test("when the relay is full, the network with the most makes room for another user's visitor", () => {
  const f = new Fixture({ total: 20, perUser: 20 });
  for (let user = 0; f.crowd.used < 20; user++) assert.ok(f.come("203.0.113.1", `user${user}`));
  assert.ok(f.come("192.0.2.1", "kaylee"));
  assert.equal(f.gaveWay.length, 1);
  assert.equal(f.crowd.used, 20);
  // Kaylee's share is what is free, and one of those that she has: her own give way from here on.
  assert.equal(f.come("192.0.2.1", "kaylee"), undefined);
  assert.ok(f.come("198.51.100.1", "inara"));
  assert.equal(f.gaveWay.length, 2);
});

Deno.test("a place that was handed over is given back once, by who has it", () => {
  const f = new Fixture({ perUser: 2 });
  const first = f.come("203.0.113.1")!;
  const second = f.come("203.0.113.1")!;
  const newcomer = f.come("192.0.2.1")!;
  assert.equal(first.gaveWay, true);
  first.place.leave();
  assert.equal(f.crowd.used, 2);
  f.crowd.remove("kaylee", first);
  for (const guest of [second, newcomer]) {
    f.crowd.remove("kaylee", guest);
    guest.place.leave();
  }
  assert.equal(f.crowd.used, 0);
  assert.ok(f.come("203.0.113.1"));
});
