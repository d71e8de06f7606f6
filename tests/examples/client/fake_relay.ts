import { closeQuietly, splice, writeAll } from "../../../lib/net/splice.ts";
import { Authority, type Dates } from "../../../examples/conformance/authority.ts";
import { Changes } from "./changes.ts";

/** Where the fake's names live. */
export const BASE = "glosson.localhost";

/** An address from a documentation range, as the visitor's. */
export const VISITOR = { address: "203.0.113.9", port: 50_123 };

/** An answer of the API that a test chose. */
export interface Problem {
  status: number;
  code: string;
  retryAfter?: string;
}

/** A control session as the fake sees it. */
interface Session {
  socket: WebSocket;
  messages: Record<string, unknown>[];
}

/**
 * A relay for tests, made from PROTOCOL.md alone: API, control WebSocket, data port and a hub that
 * visitors connect to. It serves one account and does as it is told, wrong things too.
 */
export class FakeRelay {
  readonly authority: Authority;
  readonly changes = new Changes();
  /** What stands in the bio. */
  bio = "";
  /** Reads the bio when a claim is verified. */
  readBio: () => string = () => this.bio;
  /** Every request as `METHOD path`. */
  readonly requests: string[] = [];
  /** Control sessions, oldest first. */
  readonly sessions: Session[] = [];
  /** Data connections that are parked. */
  readonly parked: Deno.TcpConn[] = [];
  /** Tickets that were shown, by kind; `unknown` for any other. */
  readonly shown: string[] = [];
  /** Answers for paths, instead of the right ones. */
  readonly problems = new Map<string, Problem>();
  /** Makes other answers of the right ones, by path. */
  alter: ((path: string, body: Record<string, unknown>) => unknown) | undefined;
  /** Certificates that were issued, newest last. */
  readonly issued: string[] = [];
  token = "";
  dates: Dates = {};
  renewAfter = "2999-01-01T00:00:00Z";
  /** Whether tickets are granted when a client asks for a pool. */
  grants = true;
  /** Whether `connect` tickets are sent when nothing is parked. */
  connects = true;
  /** What `GET /v1/account` says. */
  online: boolean | undefined;
  /** What `online` says besides, or instead: where data connections are to go, where the page is. */
  announced: { dataHost?: string; dataPort?: number; url?: string } | undefined;
  /** Whether a certificate takes one question to be ready. */
  slowCertificates = false;

  readonly #tickets = new Map<string, "connect" | "tickets">();
  readonly #waiting = new Map<string, Deno.TcpConn>();
  readonly #csrs = new Map<string, string>();
  readonly #conns = new Set<Deno.Conn>();
  #pair: { key: string; cert: string };
  #https!: Deno.HttpServer<Deno.NetAddr>;
  #data!: Deno.TcpListener;
  #hub!: Deno.TcpListener;
  #code = "";
  #pool = 0;

  private constructor(authority: Authority, pair: { key: string; cert: string }) {
    this.authority = authority;
    this.#pair = pair;
  }

  static async start(): Promise<FakeRelay> {
    const authority = await Authority.create();
    const pair = await authority.pair(["localhost", `relay.${BASE}`]);
    const relay = new FakeRelay(authority, pair);
    relay.#hub = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    relay.#accept(relay.#hub, (conn) => relay.#visitor(conn));
    relay.#listen(0, 0);
    return relay;
  }

  get port(): number {
    return this.#https.addr.port;
  }

  get url(): URL {
    return new URL(`https://localhost:${this.port}`);
  }

  get session(): Session | undefined {
    return this.sessions.at(-1);
  }

  get hub(): number {
    return this.#hub.addr.port;
  }

  get dataPort(): number {
    return this.#data.addr.port;
  }

  /** Sends a control message, or any text. */
  send(message: unknown): void {
    this.session!.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Makes a ticket that the data port takes. */
  ticket(kind: "connect" | "tickets"): string {
    const ticket = crypto.getRandomValues(new Uint8Array(16)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
    this.#tickets.set(ticket, kind);
    return ticket;
  }

  /** Waits until a client is online with `parked` connections. */
  async ready(parked: number): Promise<void> {
    await this.changes.until(() =>
      this.session?.socket.readyState === WebSocket.OPEN && this.parked.length >= parked
    );
  }

  /** Opens a visitor's TLS connection to the client's page. */
  async visit(): Promise<Deno.TlsConn> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.hub });
    const hostname = `kaylee.${BASE}`;
    const tls = await Deno.startTls(conn, {
      hostname,
      caCerts: [this.authority.pem],
      alpnProtocols: ["http/1.1"],
    });
    try {
      await tls.handshake();
    } catch (error) {
      closeQuietly(tls);
      throw error;
    }
    return tls;
  }

  /** Goes away, does something meanwhile, and comes back on the same ports, without a word. */
  async restart(meanwhile?: () => Promise<unknown>): Promise<void> {
    const [https, data] = [this.port, this.#data.addr.port];
    await this.#close();
    await meanwhile?.();
    this.#listen(https, data);
  }

  async stop(): Promise<void> {
    this.#hub.close();
    await this.#close();
  }

  async #close(): Promise<void> {
    this.#data.close();
    for (const conn of this.#conns) closeQuietly(conn);
    this.parked.length = 0;
    // Without a close frame it would wait for the client's.
    for (const { socket } of this.sessions) if (socket.readyState <= 1) socket.close(1000);
    await this.#https.shutdown();
  }

  #listen(httpsPort: number, dataPort: number): void {
    this.#https = Deno.serve({
      hostname: "127.0.0.1",
      port: httpsPort,
      ...this.#pair,
      onListen() {},
    }, (request) => this.#altered(request));
    this.#data = Deno.listen({ hostname: "127.0.0.1", port: dataPort });
    this.#accept(this.#data, (conn) => this.#dataConnection(conn));
  }

  async #accept(listener: Deno.TcpListener, serve: (conn: Deno.TcpConn) => unknown): Promise<void> {
    while (true) {
      const conn = await listener.accept().catch(() => undefined);
      if (conn === undefined) return;
      this.#conns.add(conn);
      serve(conn);
    }
  }

  async #altered(request: Request): Promise<Response> {
    const response = await this.#answer(request);
    if (this.alter === undefined || !response.headers.get("content-type")?.includes("json")) {
      return response;
    }
    const { status, headers } = response;
    headers.delete("content-length");
    const body = this.alter(new URL(request.url).pathname, await response.json());
    return new Response(JSON.stringify(body), { status, headers });
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.requests.push(`${request.method} ${pathname}`);
    const authorized = request.headers.get("authorization") === `Bearer ${this.token}`;
    const chosen = this.problems.get(pathname.replace(/[^/]+(?=\/verify$)/, "CLAIM"));
    if (chosen !== undefined) return problem(chosen);
    if (pathname === "/v1/control") {
      return authorized ? this.#control(request) : problem({ status: 401, code: "unauthorized" });
    }
    const body = JSON.parse(await request.text() || "null");
    this.changes.tell();
    switch (`${request.method} ${pathname}`) {
      case "GET /v1/relay":
        return Response.json({
          software: "fake",
          protocol: 1,
          baseDomain: BASE,
          controlUrl: this.url.href,
          dataHost: `relay.${BASE}`,
          dataPort: this.#data.addr.port,
        });
      case "POST /v1/claims":
        this.#code = `glosson-${crypto.randomUUID().slice(0, 8)}`;
        return Response.json({
          claim: "the-claim",
          username: body.username,
          hostname: `${body.username}.${BASE}`,
          code: this.#code,
          expiresAt: new Date(Date.now() + 900_000).toISOString(),
        }, { status: 201 });
      case "POST /v1/claims/the-claim/verify":
        if (!this.readBio().includes(this.#code)) {
          return problem({ status: 409, code: "code-not-found" });
        }
        this.token = crypto.randomUUID();
        return Response.json({
          username: "kaylee",
          hostname: `kaylee.${BASE}`,
          token: this.token,
        });
    }
    if (!authorized) return problem({ status: 401, code: "unauthorized" });
    switch (`${request.method} ${pathname}`) {
      case "DELETE /v1/account":
        return new Response(null, { status: 204 });
      case "GET /v1/account":
        return Response.json({
          username: "kaylee",
          hostname: `kaylee.${BASE}`,
          online: this.online ?? this.session?.socket.readyState === WebSocket.OPEN,
          certificate: null,
          lastOnlineAt: null,
        });
      case "POST /v1/certificates": {
        const id = crypto.randomUUID();
        this.#csrs.set(id, body.csr);
        return Response.json({ id, status: "pending" }, {
          status: 202,
          headers: { "retry-after": "0", location: `/v1/certificates/${id}` },
        });
      }
    }
    const [, , kind, name = ""] = pathname.split("/");
    if (request.method === "PUT" && kind === "domains") {
      return Response.json({ domain: name, verifiedAt: new Date().toISOString() });
    }
    return await this.#certificate(name);
  }

  async #certificate(id: string): Promise<Response> {
    const csr = this.#csrs.get(id);
    if (csr === undefined) return problem({ status: 404, code: "certificate-not-found" });
    if (this.slowCertificates) {
      this.slowCertificates = false;
      return Response.json({ id, status: "pending" }, { headers: { "retry-after": "0" } });
    }
    const certificate = await this.authority.sign(csr, this.dates);
    this.issued.push(certificate);
    this.changes.tell();
    return Response.json({
      status: "ready",
      certificate,
      notAfter: (this.dates.notAfter ?? new Date(Date.now() + 86_400_000)).toISOString(),
      renewAfter: this.renewAfter,
    });
  }

  #control(request: Request): Response {
    if (request.headers.get("upgrade") !== "websocket") {
      return problem({ status: 426, code: "upgrade-required" });
    }
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "glosson.v1" });
    const session: Session = { socket, messages: [] };
    socket.onopen = (): void => {
      this.sessions.push(session);
      this.#pool = 0;
      this.send({
        type: "online",
        hostname: `kaylee.${BASE}`,
        dataHost: `relay.${BASE}`,
        dataPort: this.dataPort,
        ...this.announced,
      });
      this.changes.tell();
    };
    socket.onmessage = ({ data }): void => {
      const message = JSON.parse(data);
      session.messages.push(message);
      if (message.type === "pool") {
        this.#pool = message.size;
        this.#grant();
      }
      if (message.type === "refuse") this.#join(message.ticket, undefined);
      this.changes.tell();
    };
    socket.onclose = (): void => this.changes.tell();
    return response;
  }

  #grant(): void {
    const out = [...this.#tickets.values()].filter((kind) => kind === "tickets").length;
    const missing = this.#pool - out - this.parked.length;
    if (!this.grants || missing <= 0) return;
    const tickets = Array.from({ length: missing }, () => this.ticket("tickets"));
    this.send({ type: "tickets", tickets });
  }

  async #dataConnection(conn: Deno.TcpConn): Promise<void> {
    const preface = new Uint8Array(33);
    let length = 0;
    while (length < preface.length) {
      const n = await conn.read(preface.subarray(length)).catch(() => null);
      if (n === null) return closeQuietly(conn);
      length += n;
    }
    const text = new TextDecoder().decode(preface);
    const ticket = text.slice(10, 32);
    const kind = /^GLOSSON\/1 [\w-]{22}\n$/.test(text) ? this.#tickets.get(ticket) : undefined;
    this.#tickets.delete(ticket);
    this.shown.push(kind ?? "unknown");
    if (kind === "tickets") this.parked.push(conn);
    else if (kind === "connect") this.#join(ticket, conn);
    else {
      await writeAll(conn, new TextEncoder().encode("GLOSSON/1 refused\n"));
      closeQuietly(conn);
    }
    this.changes.tell();
  }

  async #visitor(visitor: Deno.TcpConn): Promise<void> {
    const parked = this.parked.shift();
    if (parked !== undefined) {
      this.#grant();
      return await meet(visitor, parked);
    }
    if (!this.connects) return closeQuietly(visitor);
    const ticket = this.ticket("connect");
    this.#waiting.set(ticket, visitor);
    this.send({ type: "connect", ticket, visitor: VISITOR, expiresInMs: 10_000 });
  }

  #join(ticket: string, conn: Deno.TcpConn | undefined): void {
    const visitor = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    this.#tickets.delete(ticket);
    if (visitor === undefined) return conn && closeQuietly(conn);
    if (conn === undefined) closeQuietly(visitor);
    else meet(visitor, conn);
  }
}

async function meet(visitor: Deno.TcpConn, client: Deno.TcpConn): Promise<void> {
  await writeAll(client, proxyHeader(VISITOR.address, VISITOR.port)).catch(() => {});
  await splice(visitor, client);
}

/** PROXY protocol version 2: `PROXY`, TCP over IPv4. */
export function proxyHeader(address: string, port: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array([
    ...new TextEncoder().encode("\r\n\r\n\0\r\nQUIT\n"),
    ...[0x21, 0x11, 0, 12],
    ...address.split(".").map(Number),
    ...[127, 0, 0, 1],
    ...[port >> 8, port & 0xff, 443 >> 8, 443 & 0xff],
  ]);
}

function problem({ status, code, retryAfter }: Problem): Response {
  return Response.json({
    type: `urn:glosson:problem:${code}`,
    title: `Title of ${code}`,
    status,
    detail: `Detail of ${code}.`,
  }, {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(retryAfter === undefined ? {} : { "retry-after": retryAfter }),
    },
  });
}
