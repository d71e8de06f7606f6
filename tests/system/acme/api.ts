import { BASE } from "./bench.ts";
import type { OrderBench } from "./bench.ts";
import type { AcmeDaemon } from "./daemon.ts";

/** Calls the relay's API by its public name. */
export interface RelayApi extends AsyncDisposable {
  // deno-lint-ignore no-explicit-any
  call(method: string, path: string, options?: { token?: string; body?: unknown }): Promise<any>;
  /** Claims a name by the example bio script; resolves to its token. */
  claim(username: string): Promise<string>;
  /** Asks for a certificate; resolves to the order's id. */
  order(token: string, csr: string): Promise<string>;
  /** Waits until an order is ready; throws when it fails. */
  ready(token: string, id: string): Promise<string>;
}

/** Opens the API of a daemon; it goes on over the daemon's restarts. */
export async function openRelayApi(daemon: AcmeDaemon<OrderBench>): Promise<RelayApi> {
  const client = Deno.createHttpClient({
    caCerts: [await daemon.it.pebble.root()],
    proxy: { url: daemon.proxy },
  });

  async function call(
    method: string,
    path: string,
    { token, body }: { token?: string; body?: unknown } = {},
    // deno-lint-ignore no-explicit-any
  ): Promise<any> {
    const answer = await fetch(`https://relay.${BASE}:${daemon.ports.hub}${path}`, {
      method,
      client,
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  return {
    call,
    async claim(username) {
      const { claim, code } = await call("POST", "/v1/claims", { body: { username } });
      await Deno.writeTextFile(`${daemon.biosDir}/${username}.txt`, `Hello ${code} there`);
      return (await call("POST", `/v1/claims/${claim}/verify`)).token;
    },
    async order(token, csr) {
      return (await call("POST", "/v1/certificates", { token, body: { csr } })).id;
    },
    async ready(token, id) {
      while (true) {
        const state = await call("GET", `/v1/certificates/${id}`, { token });
        if (state.status === "ready") return state.certificate;
        if (state.status === "failed") throw new Error(JSON.stringify(state.problem));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    [Symbol.asyncDispose]() {
      client.close();
      return Promise.resolve();
    },
  };
}
