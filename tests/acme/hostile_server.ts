/** How a hostile server answers a request; undefined where it answers as it should. */
export type Spoil = (path: string, count: number) => Response | Promise<Response> | undefined;

/** A small ACME server that signs with whatever it is given, and can be told to answer otherwise. */
export interface HostileServer extends AsyncDisposable {
  directoryUrl: string;
  /** Requests so far, by their paths. */
  readonly asked: string[];
}

/** What the server answers with, but for what is spoilt. */
export interface HostileOptions {
  /** The host_name that authorizations are for. */
  name: string;
  chain?: string;
  spoil: Spoil;
}

/** Starts one on loopback. */
export function startHostileServer({ name, chain = "", spoil }: HostileOptions): HostileServer {
  const asked: string[] = [];
  const counts = new Map<string, number>();
  const ending = new AbortController();
  const server = Deno.serve({
    ...{ hostname: "127.0.0.1", port: 0, signal: ending.signal },
    onListen() {},
  }, async (request) => {
    const { pathname: path } = new URL(request.url);
    // An upload that nobody reads would end its connection.
    await request.text();
    asked.push(path);
    const count = counts.get(path) ?? 0;
    counts.set(path, count + 1);
    return await spoil(path, count) ?? answer(path);
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  /** The challenge has been answered; the order, too. */
  let proven = false;
  let requested = false;

  function answer(path: string): Response {
    if (path === "/challenge") proven = true;
    if (path === "/finalize") requested = true;
    const order = {
      status: requested ? "valid" : proven ? "ready" : "pending",
      authorizations: [`${origin}/authorization`],
      finalize: `${origin}/finalize`,
      certificate: `${origin}/certificate`,
    };
    const objects: Record<string, unknown> = {
      "/directory": {
        newNonce: `${origin}/nonce`,
        newAccount: `${origin}/account`,
        newOrder: `${origin}/new-order`,
        renewalInfo: `${origin}/renewal`,
      },
      "/nonce": {},
      "/account": {},
      "/new-order": order,
      "/order": order,
      "/finalize": order,
      "/authorization": {
        status: proven ? "valid" : "pending",
        identifier: { type: "dns", value: name },
        challenges: [{
          ...{ type: "dns-01", url: `${origin}/challenge`, token: "A".repeat(22) },
          status: "pending",
        }],
      },
      "/challenge": {},
    };
    const location = path === "/account" ? "/account/1" : "/order";
    const headers = { "replay-nonce": "AAAA", location: `${origin}${location}` };
    if (path === "/certificate") return new Response(chain, { headers });
    return Response.json(objects[path] ?? {}, { headers });
  }

  return {
    directoryUrl: `${origin}/directory`,
    asked,
    async [Symbol.asyncDispose]() {
      // It does not wait for answers that have no end.
      ending.abort();
      await server.finished;
    },
  };
}

/** A problem document (RFC 8555, section 6.7). */
export function problem(
  type: string,
  status: number,
  members: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Response {
  const body = { type: `urn:ietf:params:acme:error:${type}`, detail: "because", ...members };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", "replay-nonce": "AAAA", ...headers },
  });
}

/** JSON, whatever it says. */
export function json(text: string): Response {
  const headers = { "content-type": "application/json", "replay-nonce": "AAAA" };
  return new Response(text, { headers: { ...headers, location: "http://127.0.0.1:9/order" } });
}

/** A body without an end, of chunks of that many bytes; `taken` tells how much of it went out. */
export function endless(bytes: number): { response: () => Response; taken: () => number } {
  let taken = 0;
  const chunk = new Uint8Array(bytes).fill(0x20);
  return {
    taken: () => taken,
    response: () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            taken += bytes;
            controller.enqueue(chunk);
          },
        }, { highWaterMark: 0 }),
        { headers: { "content-type": "application/json" } },
      ),
  };
}

/** A body of which a byte comes now and then, and no end. */
export function dripping(everyMs: number): Response {
  let timer: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new Uint8Array([0x20])), everyMs);
    },
    cancel: () => clearInterval(timer),
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}
