import type { Place } from "../net/places.ts";
import { closeQuietly, type Duplex, type SpliceResult } from "../net/splice.ts";
import type { Visit } from "./admit.ts";
import type { Guest } from "./crowd.ts";
import { Multimap } from "./multimap.ts";

/** A visitor that is joined with their client. */
export class JoinedVisitor {
  /** What has passed between them until now. */
  readonly passed: SpliceResult = { forward: 0, backward: 0 };
  /** Whether it was ended because the client had not answered. */
  unanswered = false;
  readonly #visitor: Duplex;
  readonly #client: Duplex;

  constructor(visitor: Duplex, client: Duplex) {
    this.#visitor = visitor;
    this.#client = client;
  }

  /** Ends them if the client has not sent anything: a TLS server answers a ClientHello at once. */
  endUnanswered(why: string): void {
    if (this.passed.backward > 0) return;
    this.unanswered = true;
    this.end(why);
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
  /** Absent while they wait for the client. */
  joined: JoinedVisitor | undefined;
  readonly #visit: Visit;
  readonly #cameAt = performance.now();

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
    return this.joined?.passed.lastAt ?? this.#cameAt;
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

  /** Users who have visitors. */
  users(): string[] {
    return [...this.#visitors.keys()];
  }

  /** Visitors of this user. */
  of(username: string): number {
    return this.#visitors.get(username).size;
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
    this.#visitors.add(username, visitor);
  }

  /** Counts a visitor no more. */
  remove(username: string, visitor: JoinedVisitor): void {
    this.#visitors.delete(username, visitor);
  }
}
