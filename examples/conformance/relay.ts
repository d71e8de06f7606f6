import { SUBPROTOCOL } from "../../lib/wire/messages.ts";
import { Api, BASE, HOSTNAME, problem } from "./api.ts";
import { Authority } from "./authority.ts";
import { Changes } from "./changes.ts";
import { upgradeData } from "./data_web_socket.ts";
import { DataPorts, type Waiting } from "./data_port.ts";
import { type HttpsServer, serveHttps } from "./https_server.ts";
import { bringVisitor, type Message, type Visit, type VisitOptions, VISITOR } from "./visit.ts";

/** Time without a sign of life after which a session is given up, seconds; after half of it it is pinged. */
export const PING_S = 8;

/** When a parked connection is replaced: by then a client knows that it has a visitor. */
const REFILL_MS = 200;

/** How long a client may take to answer `connect`, milliseconds. */
const CONNECT_MS = 10_000;

/** How long it may take to answer a close, milliseconds. */
const CLOSE_MS = 5_000;

/** A control session. */
export interface Session {
  socket: WebSocket;
  messages: Message[];
  /** Its code, once it is closed. */
  closed?: { code: number };
}

/** A request for a control session. */
export interface Attempt {
  at: number;
  authorized: boolean;
  subprotocol: string | null;
}

/** A relay that does to its one client what the checks want. */
export class CheckingRelay {
  readonly changes = new Changes();
  readonly data = new DataPorts(this.changes);
  readonly attempts: Attempt[] = [];
  readonly sessions: Session[] = [];
  readonly api: Api;
  /** Signs the relay's own certificate, and clients' until {@linkcode issueBySecond}. */
  readonly authority: Authority;
  readonly #second: Authority;
  /** Answers requests for a control session with this status, when set. */
  refusesControl: number | undefined;
  /** Whether tickets are granted for a pool. */
  grants = true;
  #pool = 0;
  #refill: ReturnType<typeof setTimeout> | undefined;
  #server!: HttpsServer;
  readonly #hub = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  private constructor(authority: Authority, second: Authority, readBio: () => string) {
    this.authority = authority;
    this.#second = second;
    this.api = new Api({
      authority,
      changes: this.changes,
      readBio,
      url: () => this.url,
      data: () => this.#dataAddress(0),
      online: () => this.session !== undefined,
    });
  }

  /** Starts one. */
  static async start(readBio: () => string): Promise<CheckingRelay> {
    const authority = await Authority.create();
    const pair = await authority.pair(["localhost", `relay.${BASE}`]);
    const relay = new CheckingRelay(authority, await Authority.create(), readBio);
    relay.#server = serveHttps(pair, (request) => relay.#answer(request));
    return relay;
  }

  /** From now on certificates are ones that can be told from those before, and are good for long. */
  issueBySecond(): void {
    this.api.authority = this.#second;
    this.api.renewAfter = "2999-01-01T00:00:00Z";
  }

  /** Does again what a relay does that wants nothing special. */
  reset(): void {
    this.refusesControl = undefined;
    this.grants = true;
    this.data.refuses = false;
    this.data.tcpBlocked = false;
    this.api.suspended = false;
  }

  /** Its address. */
  get url(): string {
    return `https://localhost:${this.#server.port}`;
  }

  /** The session that is open. */
  get session(): Session | undefined {
    return this.sessions.findLast(({ closed }) => closed === undefined);
  }

  /** Where tickets are shown by default, or the second place. */
  #dataAddress(which: 0 | 1): { dataHost: string; dataPort: number } {
    return { dataHost: "localhost", dataPort: this.data.port(which) };
  }

  /** The members of a message that name the second data port. */
  get otherData(): { dataHost: string; dataPort: number } {
    return this.#dataAddress(1);
  }

  /** Sends a message on the open session. */
  send(message: Message | string): void {
    this.session?.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Waits for a session with `parked` connections; `ms` is the time for each of the two. */
  async ready(parked = 1, ms = 40_000): Promise<Session> {
    await this.changes.until(() => this.session, ms, "a control session");
    await this.changes.until(
      () => this.data.parked.length >= parked,
      ms,
      `${parked} parked connections`,
    );
    return this.session!;
  }

  /** Closes the open session and waits until it is closed. */
  async close(code: number): Promise<void> {
    const { session } = this;
    if (session === undefined) return;
    this.data.forget();
    session.socket.close(code);
    await this.changes.until(() => session.closed, CLOSE_MS, "the answer to our close").catch(
      () => {
        session.closed = { code };
      },
    );
  }

  /** Brings a visitor to the client and shakes hands. */
  async visit(options: VisitOptions = {}): Promise<Visit> {
    const { by = "parked" } = options;
    const waiting = by === "parked" ? await this.#parked() : await this.#connect(by);
    const first = options.trusting === "second" ? [] : [this.authority.pem];
    return await bringVisitor(this.#hub, waiting, options, [...first, this.#second.pem]);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#refill);
    this.#hub.close();
    this.data.close();
    for (const { socket, closed } of this.sessions) if (closed === undefined) socket.close(1001);
    await this.#server.stop();
  }

  async #parked(): Promise<Waiting> {
    const { parked } = this.data;
    await this.changes.until(() => parked.length > 0, 10_000, "a parked connection");
    const waiting = parked.shift()!;
    clearTimeout(this.#refill);
    this.#refill = setTimeout(() => this.grant(), REFILL_MS);
    return waiting;
  }

  async #connect(members: Partial<Message>): Promise<Waiting> {
    const ticket = this.data.ticket("connect");
    this.send({
      type: "connect",
      ticket,
      visitor: VISITOR,
      expiresInMs: CONNECT_MS,
      ...members,
    });
    const { joining } = this.data;
    const waiting = await this.changes.until(
      () => joining.get(ticket),
      CONNECT_MS,
      "a data connection for `connect`",
    );
    joining.delete(ticket);
    return waiting;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/data") {
      return upgradeData(request, (conn) => this.data.serveWebSocket(conn));
    }
    if (pathname !== "/v1/control") return await this.api.answer(request);
    const subprotocol = request.headers.get("sec-websocket-protocol");
    const authorized = this.api.allows(request);
    this.attempts.push({ at: Date.now(), authorized, subprotocol });
    this.changes.tell();
    if (this.refusesControl !== undefined) return problem(this.refusesControl, "unauthorized");
    if (!authorized) return problem(401, "unauthorized");
    if (this.api.suspended) return problem(403, "suspended");
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return problem(426, "upgrade-required");
    }
    const offered = subprotocol?.split(",").map((word) => word.trim()).includes(SUBPROTOCOL);
    return this.#open(request, offered ? SUBPROTOCOL : undefined);
  }

  #open(request: Request, protocol: string | undefined): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol, idleTimeout: PING_S });
    const session: Session = { socket, messages: [] };
    socket.onopen = () => {
      this.data.forget();
      this.#pool = 0;
      this.sessions.push(session);
      const url = `https://${HOSTNAME}`;
      this.send({ type: "online", hostname: HOSTNAME, url, ...this.#dataAddress(0) });
      this.changes.tell();
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data) as Message;
      session.messages.push(message);
      if (message.type === "pool") this.#pool = Number(message.size);
      if (message.type === "pool") this.grant();
      this.changes.tell();
    };
    socket.onerror = () => {};
    socket.onclose = ({ code }) => {
      session.closed ??= { code };
      this.changes.tell();
    };
    return response;
  }

  /** Grants as many tickets as the pool lacks. */
  grant(): void {
    const missing = Math.min(64, this.#pool) - this.data.granted - this.data.parked.length;
    if (!this.grants || !(missing > 0)) return;
    const tickets = Array.from({ length: missing }, () => this.data.ticket("park"));
    this.send({ type: "tickets", tickets });
  }

  /** Sends tickets for parking, wanted or not, with what the message says besides. */
  offer(count: number, members: Record<string, unknown> = {}): string[] {
    const tickets = Array.from({ length: count }, () => this.data.ticket("extra"));
    this.send({ type: "tickets", tickets, ...members });
    return tickets;
  }
}
