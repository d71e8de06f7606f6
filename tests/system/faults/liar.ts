import { request, type RequestOptions } from "node:https";
import { Authority } from "../../../examples/conformance/authority.ts";
import type { PebbleServer } from "../acme/servers.ts";

/** What a relay asks an ACME server. */
export interface Asked {
  path: string;
  /** Address of the liar. */
  origin: string;
  /** What a signed request says (RFC 8555 section 6.2). */
  // deno-lint-ignore no-explicit-any -- whatever the relay says
  payload: any;
}

/** How a server lies: each may be left out, and then it says the truth. */
export interface Lie {
  /** Answers in the server's place. */
  instead?(asked: Asked): Response | undefined;
  /** Makes another answer of the server's own, in place. */
  // deno-lint-ignore no-explicit-any -- whatever Pebble says
  alter?(asked: Asked, answer: any): void;
}

/** A problem document (RFC 8555 section 6.7). */
export function problem(
  status: number,
  type: string,
  detail: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ type: `urn:ietf:params:acme:error:${type}`, status, detail }, {
    status,
    headers: { ...headers, "Content-Type": "application/problem+json" },
  });
}

/** Stands in front of a real Pebble, and lies as it is told to. */
export class Liar implements AsyncDisposable {
  /** Where it is to be found, in the place of Pebble. */
  readonly pebble: PebbleServer;
  lie: Lie = {};
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #caPem: string;

  private constructor(
    real: PebbleServer,
    { cert, key, ca }: { cert: string; key: string; ca: string },
  ) {
    this.#caPem = real.caPem;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
      (asked) => this.#answer(asked, new URL(real.directoryUrl)),
    );
    this.pebble = {
      ...real,
      directoryUrl: `https://localhost:${this.#server.addr.port}/dir`,
      caPem: ca,
    };
  }

  static async start(real: PebbleServer): Promise<Liar> {
    const authority = await Authority.create();
    return new Liar(real, { ...await authority.pair(["localhost"]), ca: authority.pem });
  }

  async #answer(asking: Request, real: URL): Promise<Response> {
    const { host, origin, pathname: path } = new URL(asking.url);
    const body = await asking.text();
    const asked = { path, origin, payload: payloadOf(body) };
    const instead = this.lie.instead?.(asked);
    if (instead !== undefined) return instead;
    // Pebble makes its addresses of the Host, which the signatures cover too.
    const answer = await ask(new URL(path, real), {
      method: asking.method,
      headers: { ...Object.fromEntries(asking.headers), host },
      ca: this.#caPem,
    }, body);
    const { status, fields, text } = answer;
    if (!fields.get("Content-Type")?.includes("json") || text === "") {
      return new Response(text || null, { status, headers: fields });
    }
    const said = JSON.parse(text);
    this.lie.alter?.(asked, said);
    fields.delete("Content-Length");
    return new Response(JSON.stringify(said), { status, headers: fields });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

/** Asks a server as `fetch` does, which sets the Host itself. */
function ask(
  url: URL,
  options: RequestOptions,
  body: string,
): Promise<{ status: number; fields: Headers; text: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(url, options, async (answer) => {
      const chunks = await Array.fromAsync(answer as AsyncIterable<Uint8Array<ArrayBuffer>>);
      const fields = new Headers();
      for (const [name, value] of Object.entries(answer.headers)) {
        for (const each of [value ?? []].flat()) fields.append(name, each);
      }
      resolve({ status: answer.statusCode!, fields, text: await new Blob(chunks).text() });
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

function payloadOf(body: string): unknown {
  const { payload = "" } = body === "" ? {} : JSON.parse(body);
  if (payload === "") return undefined;
  return JSON.parse(
    new TextDecoder().decode(Uint8Array.fromBase64(payload, { alphabet: "base64url" })),
  );
}
