import type { Place } from "../net/places.ts";
import { closeQuietly, type Duplex } from "../net/splice.ts";
import type { SpliceResult } from "../net/splice_options.ts";
import type { Visit } from "./admit.ts";
import type { Guest } from "./crowd.ts";
import type { Seat } from "../net/roll.ts";
import { Multimap } from "./multimap.ts";

/** Bytes that passed between a visitor and a client; `forward` is to the client. */
export interface PassedBytes {
  forward: number;
  backward: number;
}

/** A visitor that is joined with their client. */
export class JoinedVisitor {
  /** What has passed between them until now. */
  readonly passed: SpliceResult = { forward: 0, backward: 0 };
  /** Whether it was ended because the client had not answered. */
  unanswered = false;
  /** Where it is among those of its user. */
  seat: Seat<JoinedVisitor> | undefined;
  /** What was taken of that. */
  #taken: PassedBytes = { forward: 0, backward: 0 };
  readonly #visitor: Duplex;
  readonly #client: Duplex;

  constructor(visitor: Duplex, client: Duplex) {
    this.#visitor = visitor;
    this.#client = client;
  }

  /** Whether the client has sent anything. */
  get isAnswered(): boolean {
    return this.passed.backward > 0;
  }

  /** Ends them if the client has not sent anything: a TLS server answers a ClientHello at once. */
  endUnanswered(why: string): void {
    if (this.isAnswered) return;
    this.unanswered = true;
    this.end(why);
  }

  /** What has passed since this was called last. */
  takePassed(): PassedBytes {
    const { forward, backward } = this.passed;
    const before = this.#taken;
    this.#taken = { forward, backward };
    return { forward: forward - before.forward, backward: backward - before.backward };
  }

  /** Closes both connections: one of them alone may have ended its stream long ago. */
  end(why: string): void {
    this.passed.error ??= new Error(why);
    closeQuietly(this.#visitor);
    closeQuietly(this.#client);
  }
}

/** A visitor on their way to a user's client, or joined with it. */
export class VisitingGuest implements Guest {
  /** Whether their place is somebody else's. */
  gaveWay = false;
  seat?: Seat<Guest>;
  /** Absent while they wait for the client. */
  joined: JoinedVisitor | undefined;
  /** Milliseconds of `performance.now()`. */
  readonly cameAt = performance.now();
  readonly #visit: Visit;

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  get groups(): readonly string[] {
    return this.#visit.groups;
  }

  get place(): Place {
    return this.#visit.place;
  }

  set place(place: Place) {
    this.#visit.place = place;
  }

  get lastHeardAt(): number {
    return this.joined?.passed.lastAt ?? this.cameAt;
  }

  giveWay(): void {
    this.gaveWay = true;
    if (this.joined === undefined) closeQuietly(this.#visit.conn);
    else this.joined.end("gave way to a visitor of a network with fewer connections");
  }
}

/** Visitors that are joined with their clients, by username. */
export class Joined {
  readonly #visitors = new Multimap<string, JoinedVisitor>();

  /** Visitors of all users. */
  get size(): number {
    return this.#visitors.size;
  }

  /** Those whom the client has not answered yet. */
  get unanswered(): number {
    let count = 0;
    for (const [, { isAnswered }] of this.#visitors.entries()) if (!isAnswered) count++;
    return count;
  }

  /** Users who have visitors. */
  users(): string[] {
    return [...this.#visitors.keys()];
  }

  /** Each visitor with the user that they are joined with, as it is now. */
  entries(): [username: string, visitor: JoinedVisitor][] {
    return [...this.#visitors.entries()];
  }

  /** Visitors of this user. */
  of(username: string): number {
    return this.#visitors.sizeOf(username);
  }

  /** Closes the connections of a user's visitors. */
  drop(username: string): void {
    for (const visitor of this.#visitors.get(username)) visitor.end("cut off");
  }

  /** Closes the connections of those of a user's visitors whom the client has not answered. */
  dropUnanswered(username: string): void {
    for (const visitor of this.#visitors.get(username)) {
      visitor.endUnanswered("client was lost before it answered");
    }
  }

  /** Counts a visitor from now on. */
  add(username: string, visitor: JoinedVisitor): void {
    visitor.seat = this.#visitors.add(username, visitor);
  }

  /** Counts a visitor no more. */
  remove(username: string, visitor: JoinedVisitor): void {
    if (visitor.seat !== undefined) this.#visitors.delete(username, visitor.seat);
  }
}
