import * as x509 from "@peculiar/x509";
import { BASE, type Relay } from "./relay.ts";
import { dataPreface } from "../../lib/wire/messages.ts";
import { parseProxyHeader, type ProxyAddresses } from "../../lib/wire/proxy_protocol.ts";
import { innerSocketPath } from "../../lib/file/socket_path.ts";
import { startHttp11 } from "../../lib/net/http11_backend.ts";
import { type Duplex, splice } from "../../lib/net/splice.ts";
import { assertListed } from "../api/listed.ts";

/** A message on the control WebSocket. */
// deno-lint-ignore no-explicit-any
export type Message = { type: string } & Record<string, any>;

/** How a test comes to the API, where not to its control port. */
export interface ApiWay {
  url?: string;
  /** URL of a proxy. */
  proxy?: string;
}

/** Fetches from the relay's API, on its control port unless told otherwise; fails at an answer that no route lists. */
export function apiOf(relay: Relay, way: ApiWay = {}): {
  url: string;
  client: Deno.HttpClient;
  request: (
    method: string,
    path: string,
    options?: { token?: string; body?: unknown },
  ) => Promise<{ status: number; headers: Headers; body: Message }>;
} {
  const { url = `https://localhost:${relay.ports.control}`, proxy } = way;
  const client = Deno.createHttpClient({
    caCerts: [relay.ca],
    ...(proxy !== undefined && { proxy: { url: proxy } }),
  });
  return {
    url,
    client,
    async request(method, path, { token, body } = {}) {
      const response = await fetch(url + path, {
        method,
        client,
        headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const answer = {
        status: response.status,
        headers: response.headers,
        body: text === "" ? {} : JSON.parse(text),
      };
      assertListed(method, path, answer);
      return answer;
    },
  };
}

/** A user who has an account. */
export interface User {
  username: string;
  hostname: string;
  token: string;
}

/** Claims and verifies a name by the example bio script. */
export async function signUp(relay: Relay, username: string, way?: ApiWay): Promise<User> {
  const api = apiOf(relay, way);
  using _client = api.client;
  const claim = await api.request("POST", "/v1/claims", { body: { username } });
  if (claim.status !== 201) throw new Error(`Cannot claim: ${JSON.stringify(claim.body)}`);
  await Deno.writeTextFile(`${relay.biosDir}/${username}.txt`, `Hello! ${claim.body.code} bye`);
  const verified = await api.request("POST", `/v1/claims/${claim.body.claim}/verify`);
  if (verified.status !== 200) throw new Error(`Cannot verify: ${JSON.stringify(verified.body)}`);
  return { username, hostname: `${username}.${BASE}`, token: verified.body.token };
}

/** A signing request for a host name, PEM, with the keys that it is of. */
export async function signingRequest(
  hostname: string,
  algorithm: EcKeyGenParams | RsaHashedKeyGenParams = { name: "ECDSA", namedCurve: "P-256" },
): Promise<{ csr: string; keys: CryptoKeyPair }> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: { ...algorithm, hash: "SHA-256" },
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: hostname }])],
  });
  return { csr: csr.toString("pem"), keys };
}

/** Makes a key and gets a certificate for it. */
export async function getCertificate(
  relay: Relay,
  user: User,
  algorithm: EcKeyGenParams | RsaHashedKeyGenParams = { name: "ECDSA", namedCurve: "P-256" },
): Promise<{ cert: string; key: string }> {
  const { csr, keys } = await signingRequest(user.hostname, algorithm);
  const api = apiOf(relay);
  using _client = api.client;
  const { token } = user;
  const asked = await api.request("POST", "/v1/certificates", {
    token,
    body: { csr },
  });
  if (asked.status !== 202) throw new Error(`Cannot ask: ${JSON.stringify(asked.body)}`);
  while (true) {
    const { body } = await api.request("GET", `/v1/certificates/${asked.body.id}`, { token });
    if (body.status === "ready") {
      const der = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
      return { cert: body.certificate, key: x509.PemConverter.encode(der, "PRIVATE KEY") };
    }
    if (body.status !== "pending") throw new Error(`No certificate: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** An open control WebSocket with its messages in a queue. */
export interface ControlLink extends AsyncDisposable {
  readonly socket: WebSocket;
  /** The first message. */
  readonly online: Message;
  /** The next message of this type; others before it are dropped. */
  next(type: string): Promise<Message>;
  send(message: unknown): void;
  /** Resolves when the WebSocket closed. */
  readonly closed: Promise<CloseEvent>;
}

/** Opens the control WebSocket and waits for `online`. */
export async function connectControl(relay: Relay, user: User): Promise<ControlLink> {
  const client = Deno.createHttpClient({ caCerts: [relay.ca] });
  const options: Record<string, unknown> = {
    headers: { Authorization: `Bearer ${user.token}` },
    protocols: ["glosson.v1"],
    client,
  };
  const socket = new WebSocket(
    `wss://localhost:${relay.ports.control}/v1/control`,
    options as unknown as string[],
  );
  const queue: Message[] = [];
  const waiting: (() => void)[] = [];
  const closed = Promise.withResolvers<CloseEvent>();
  const wake = (): void => waiting.splice(0).forEach((resolve) => resolve());
  let ended = false;
  socket.onmessage = (event) => {
    queue.push(JSON.parse(event.data));
    wake();
  };
  socket.onerror = () => {};
  socket.onclose = (event) => {
    ended = true;
    closed.resolve(event);
    client.close();
    wake();
  };
  const link = {
    socket,
    closed: closed.promise,
    async next(type: string): Promise<Message> {
      while (true) {
        const message = queue.shift();
        if (message?.type === type) return message;
        if (message !== undefined) continue;
        if (ended) throw new Error(`The control WebSocket closed before ${type}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    send: (message: unknown) => socket.send(JSON.stringify(message)),
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed.promise;
    },
  };
  return { ...link, online: await link.next("online") };
}

/** A data connection that shows a ticket, at the relay's data port unless at another one. */
export async function dialData(
  relay: Relay,
  ticket: string,
  port: number = relay.ports.data!,
): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  await conn.write(dataPreface(ticket));
  return conn;
}

/** As {@linkcode dialData}. */
export type DialData = (relay: Relay, ticket: string, port: number) => Promise<Duplex>;

/** Reads the PROXY header of a joined connection; returns it and the bytes behind it. */
export async function readJoin(
  conn: Pick<Deno.Conn, "read">,
): Promise<{ addresses?: ProxyAddresses; rest: Uint8Array }> {
  let bytes = new Uint8Array(0);
  const chunk = new Uint8Array(64 * 1024);
  while (true) {
    const result = parseProxyHeader(bytes);
    if (result.state === "header") {
      return {
        ...(result.addresses && { addresses: result.addresses }),
        rest: bytes.subarray(result.length),
      };
    }
    if (result.state === "reject") throw new Error(`Bad PROXY header: ${result.detail}`);
    const n = await conn.read(chunk);
    if (n === null) throw new Error(`Ended within the PROXY header`);
    const longer = new Uint8Array(bytes.length + n);
    longer.set(bytes);
    longer.set(chunk.subarray(0, n), bytes.length);
    bytes = longer;
  }
}

/**
 * A web server of a user's own on loopback, with a certificate of the relay's; it speaks HTTP/1.1, and
 * HTTP/2 too unless it is told otherwise.
 */
export async function startPage(
  relay: Relay,
  user: User,
  handler: (request: Request) => Response | Promise<Response>,
  protocol: "h2" | "http/1.1" = "h2",
): Promise<AsyncDisposable & { port: number; cert: string }> {
  const pair = await getCertificate(relay, user);
  if (protocol === "http/1.1") {
    const server = startHttp11({
      pair,
      handler: (request) => handler(request),
      oneAnswer: false,
      socketPath: innerSocketPath(relay.stateDir),
      isOwn: () => Promise.resolve(true),
    });
    return { port: server.port, cert: pair.cert, [Symbol.asyncDispose]: () => server.stop() };
  }
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, ...pair, onListen() {} }, handler);
  return {
    port: server.addr.port,
    cert: pair.cert,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/**
 * Answers every `connect` with a data connection to the user's server, until the session ends.
 *
 * @param options `minds`: whether it shows tickets where it is told to; `dial`: how it shows one.
 */
export async function joinVisitors(
  relay: Relay,
  user: User,
  port: number,
  { minds = true, dial = dialData }: { minds?: boolean; dial?: DialData } = {},
): Promise<AsyncDisposable & { link: ControlLink }> {
  const link = await connectControl(relay, user);
  const joins = new Set<Promise<unknown>>();

  async function join({ ticket, dataPort }: Message): Promise<void> {
    const home: number = link.online.dataPort;
    const conn = await dial(relay, ticket, minds ? dataPort ?? home : home);
    const { rest } = await readJoin(conn);
    const own = await Deno.connect({ hostname: "127.0.0.1", port });
    own.setNoDelay(true);
    await own.write(rest);
    await splice(conn, own);
  }

  const serving = (async () => {
    while (true) {
      const joined: Promise<unknown> = join(await link.next("connect")).catch(() => {})
        .finally(() => joins.delete(joined));
      joins.add(joined);
    }
  })().catch(() => {});
  return {
    link,
    async [Symbol.asyncDispose]() {
      await link[Symbol.asyncDispose]();
      await serving;
      await Promise.all(joins);
    },
  };
}

/** A user online with a web server of their own. */
export async function serveUser(
  relay: Relay,
  user: User,
  handler: (request: Request) => Response | Promise<Response>,
  protocol?: "h2" | "http/1.1",
): Promise<AsyncDisposable & { link: ControlLink; cert: string }> {
  const page = await startPage(relay, user, handler, protocol);
  const online = await joinVisitors(relay, user, page.port);
  return {
    link: online.link,
    cert: page.cert,
    async [Symbol.asyncDispose]() {
      const left = online[Symbol.asyncDispose]();
      await online.link.closed;
      // What is joined goes on until its connection is idle, which the server ends.
      await page[Symbol.asyncDispose]();
      await left;
    },
  };
}

/** What a visitor gets: a GET through the hub by a TLS client that trusts the local authority only. */
export async function visit(
  relay: Relay,
  hostname: string,
  path = "/",
): Promise<{ status: number; body: string; headers: Headers }> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: relay.ports.hub! });
  using tls = await Deno.startTls(conn, {
    hostname,
    caCerts: [relay.ca],
    alpnProtocols: ["http/1.1"],
  });
  const request = `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`;
  await tls.write(new TextEncoder().encode(request));
  const text = new TextDecoder().decode(await readToEnd(tls));
  const [head = "", ...body] = text.split("\r\n\r\n");
  const [status = "", ...fields] = head.split("\r\n");
  return {
    status: Number(status.split(" ")[1]),
    headers: new Headers(fields.map((f) => f.split(/:\s*/, 2) as [string, string])),
    body: body.join("\r\n\r\n"),
  };
}

/** Reads until the end of stream. */
export async function readToEnd(conn: Pick<Deno.Conn, "read">): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const chunk = new Uint8Array(64 * 1024);
  for (let n = await conn.read(chunk); n !== null; n = await conn.read(chunk)) {
    chunks.push(chunk.slice(0, n));
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
